import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ReadConnection } from '../../src/database/read-connection.js';
import { audit } from '../../src/wallet/audit.js';
import { TestApp } from '../support/app.js';
import { auditOnTerminal, runCommand } from '../support/command.js';
import { createDatabase, Inspector, type DatabaseKind } from '../support/databases.js';
import { describeOn } from '../support/describe-on.js';

const adminCommand = (kind: DatabaseKind): void => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  const admin = (...words: string[]) => runCommand('admin', app.databaseUrl, ...words);

  it('grants and makes codes from a shell, beside the running service', async () => {
    const ada = await app.newUser();
    const words = ['grant', ada.username, '1000', '--reason', 'by hand', '--key', 'shell'];
    const first = await admin(...words);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect((await admin(...words)).stdout).toContain('granted before');
    expect(await ada.balance()).toBe(5000);
    const { stdout: code } = await admin('codes', '50', '--reason', 'by hand');
    await ada.send('POST', '/api/wallet/redeem/', { code: code.trim() });
    expect(await ada.balance()).toBe(5050);
  });

  it('lists users, and says who is staff and who may log in', async () => {
    const ada = await app.newUser();
    expect((await admin('users', ada.username)).stdout).toContain('balance 4000');
    await admin('staff', ada.username);
    expect((await ada.get('/api/admin/users/')).status).toBe(200);
    await admin('staff', ada.username, '--revoke');
    expect((await ada.get('/api/admin/users/')).status).toBe(403);
    await admin('deactivate', ada.username);
    expect((await ada.get('/api/token-balance/')).status).toBe(401);
    await admin('activate', ada.username);
    expect(await ada.balance()).toBe(4000);
  });
};

const auditCommand = (kind: DatabaseKind): void => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    const ada = await app.newUser();
    await ada.chat('one');
    await ada.chat('two');
  });
  afterAll(() => app.close());

  const command = (...words: string[]) => runCommand('audit', app.databaseUrl, ...words);

  it('exits 0 with a summary, or 1 naming the first differences; --json is for machines', async () => {
    const scope = await audit(app.nest.get(ReadConnection));
    expect(await command()).toEqual({
      code: 0,
      stdout: `${String(scope.wallets)} wallets, ${String(scope.entries)} ledger entries: every balance follows from its entries.\n`,
      stderr: '',
    });
    await app.database.rows('UPDATE wallets SET balance = balance + 1');
    const [text, json] = [await command(), await command('--json')];
    await app.database.rows('UPDATE wallets SET balance = balance - 1');
    expect([text.code, json.code]).toEqual([1, 1]);
    expect(text.stdout).toContain('stored 3801, recomputed 3800');
    expect(JSON.parse(json.stdout)).toMatchObject({
      differences: [{ stored: '3801', recomputed: '3800' }],
    });
  });

  it('tells a terminal, and nobody else, how far it has come', async () => {
    const [shown, piped] = [await auditOnTerminal(app.databaseUrl), await command()];
    expect([shown.code, shown.stderr]).toEqual([0, '\r1 wallets ']);
    expect([piped.code, piped.stderr]).toEqual([0, '']);
    expect(shown.stdout).toBe(piped.stdout);
  });

  it('exits 2 when it cannot look', async () => {
    const { code, stderr } = await runCommand('audit', 'postgres://tally:no@127.0.0.1:1/none');
    expect(code).toBe(2);
    expect(stderr).toContain('audit: ');
  });
};

const withoutSchema = (kind: DatabaseKind): void => {
  it('refuses and leaves the migration to the service', async () => {
    const database = await createDatabase(kind);
    const expected = 'the schema is not up to date: start the service once, and it migrates';
    const [admin, audit] = [
      await runCommand('admin', database.url, 'users'),
      await runCommand('audit', database.url),
    ];
    expect([admin.code, audit.code]).toEqual([1, 2]);
    expect([admin.stderr, audit.stderr]).toEqual([
      expect.stringContaining(`admin: ${expected}`),
      `audit: ${expected}\n`,
    ]);
    const inspector = await Inspector.open(database.url);
    await expect(inspector.count('wallets')).rejects.toThrow(/no such table|does not exist/);
    await inspector.close();
    await database.drop();
  });
};

/** The suite of `commands`, on one database. */
export function commandsSuite(kind: DatabaseKind): void {
  describeOn(kind, 'npm run admin', adminCommand);
  describeOn(kind, 'npm run audit', auditCommand);
  describeOn(kind, 'A command without a schema', withoutSchema);
}
