import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ReadConnection } from '../../src/database/read-connection.js';
import { audit } from '../../src/wallet/audit.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { auditOnTerminal, runCommand, runIn } from '../support/command.js';
import { createDatabase, Inspector, type DatabaseKind } from '../support/databases.js';
import { describeOn } from '../support/describe-on.js';
import { itAtFullEffort } from '../support/full-effort.js';

/** The only output of a successful command on standard error. */
const DATABASE_LINE = expect.stringMatching(/^database: (?:sqlite:\/|postgres:\/\/).+\n$/);

const adminCommand = (kind: DatabaseKind): void => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  const admin = (...words: string[]) => runCommand('admin', app.databaseUrl, ...words);

  /** Returns the trail's entries about a user: the operator (null for a shell), the action, and the reason. */
  const trailOf = async (user: Caller) => {
    const rows = await app.database.rows<Record<'operator_id' | 'action' | 'reason', unknown>>(
      'SELECT operator_id, action, reason FROM trail_entries WHERE target_id = $1 ORDER BY id',
      [await app.ownerOf(user)],
    );
    return rows.map(({ operator_id, action, reason }) => [operator_id, action, reason]);
  };

  it('grants tokens and creates codes from a shell while the service runs', async () => {
    const ada = await app.newUser();
    const words = ['grant', ada.username, '1000', '--reason', 'by hand', '--key', 'shell'];
    const first = await admin(...words);
    expect([first.code, first.stderr]).toEqual([0, DATABASE_LINE]);
    expect((await admin(...words)).stdout).toContain('granted before');
    expect(await trailOf(ada)).toEqual([[null, 'grant', 'by hand']]);
    expect(await ada.balance()).toBe(5000);
    const { stdout: code } = await admin('codes', '50', '--reason', 'by hand');
    await ada.send('POST', '/api/wallet/redeem/', { code: code.trim() });
    expect(await ada.balance()).toBe(5050);
  });

  itAtFullEffort(
    'lists users with their roles and states, and writes each change to the trail once',
    async () => {
      const ada = await app.newUser();
      expect((await admin('users', ada.username)).stdout).toContain('balance 4000');
      expect((await admin('users', 'nobody-has-this-name')).stdout).toBe('');
      await admin('staff', ada.username, '--reason', 'hired');
      expect((await ada.get('/api/admin/users/')).status).toBe(200);
      await admin('staff', ada.username, '--revoke');
      expect((await ada.get('/api/admin/users/')).status).toBe(403);
      for (const reason of ['spam', 'again']) {
        expect((await admin('deactivate', ada.username, '--reason', reason)).code).toBe(0);
      }
      expect((await ada.get('/api/token-balance/')).status).toBe(401);
      await admin('activate', ada.username);
      // An old token stays invalid when its user is activated again.
      expect((await ada.get('/api/token-balance/')).status).toBe(401);
      expect(await trailOf(ada)).toEqual([
        [null, 'make_staff', 'hired'],
        [null, 'revoke_staff', ''],
        [null, 'deactivate', 'spam'],
        [null, 'activate', ''],
      ]);
    },
  );

  itAtFullEffort('creates a user, and prints a link that sets the password once', async () => {
    const { code, stdout, stderr } = await admin(
      'create-user',
      'Bea',
      '--email',
      'bea@example.com',
    );
    const lines = /^database: .+\nPUBLIC_URL is not set, so put the address .+:\n$/;
    expect([code, stderr]).toEqual([0, expect.stringMatching(lines)]);
    const token = /^\/#password-reset=([\w-]+)\n$/.exec(stdout)?.[1] ?? '';
    const confirm = (password: string) =>
      app.post('/api/password/reset/confirm/', { token, new_password: password });
    expect((await confirm('Str0ng-pass-9')).status).toBe(204);
    expect((await confirm('An0ther-pass-9')).status).toBe(400);
    const login = await app.post('/api/login/', { username: 'bea', password: 'Str0ng-pass-9' });
    expect(login.status).toBe(200);
    const again = await admin('create-user', 'BEA');
    expect([again.code, again.stderr]).toContain(1);
    expect(again.stderr).toContain('username: A user with that username already exists.');
    expect((await admin('create-user', 'no spaces')).stderr).toContain('Enter a valid username');
    expect((await admin('create-user', 'cy', '--email', 'x')).stderr).toContain('email: ');
    expect(await app.database.count('users', `username IN ('BEA', 'no spaces', 'cy')`)).toBe(0);
  });

  it('prints a link for a forgotten password, and ends sessions', async () => {
    const ada = await app.newUser();
    const { stdout } = await admin('password-link', ada.username);
    expect((await ada.get('/api/me/')).status).toBe(200);
    const ended = await admin('sessions', 'end', ada.username, '--reason', 'a lost phone');
    expect([ended.code, ended.stdout]).toEqual([0, `${ada.username} has no session\n`]);
    expect((await ada.get('/api/me/')).status).toBe(401);
    const token = stdout.trim().split('=')[1];
    const body = { token, new_password: 'An0ther-pass-2' };
    expect((await app.post('/api/password/reset/confirm/', body)).status).toBe(204);
    const login = { username: ada.username, password: 'An0ther-pass-2' };
    expect((await app.post('/api/login/', login)).status).toBe(200);
    expect(await trailOf(ada)).toEqual([
      [null, 'password_link', ''],
      [null, 'end_sessions', 'a lost phone'],
    ]);
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
      stderr: DATABASE_LINE,
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

  itAtFullEffort('shows progress on a terminal only', async () => {
    const [shown, piped] = [await auditOnTerminal(app.databaseUrl), await command()];
    expect([shown.code, piped.code]).toEqual([0, 0]);
    expect(piped.stderr).toEqual(DATABASE_LINE);
    expect(shown.stderr).toBe(`${piped.stderr}\r1 wallets `);
    expect(shown.stdout).toBe(piped.stdout);
  });

  it('exits with 2 if it cannot read the database', async () => {
    const { code, stderr } = await runCommand('audit', 'postgres://tally:no@127.0.0.1:1/none');
    expect(code).toBe(2);
    expect(stderr).toContain('audit: ');
  });
};

const withoutSchema = (kind: DatabaseKind): void => {
  it('refuses an unmigrated database, and leaves the migration to the service', async () => {
    const database = await createDatabase(kind);
    if (kind === 'sqlite') await writeFile(database.url.slice('sqlite:'.length), '');
    const expected = 'the schema is not up to date: start the service once, and it migrates';
    const [admin, audit] = [
      await runCommand('admin', database.url, 'users'),
      await runCommand('audit', database.url),
    ];
    expect([admin.code, audit.code]).toEqual([1, 2]);
    expect([admin.stderr, audit.stderr]).toEqual([
      expect.stringContaining(`admin: ${expected}`),
      expect.stringContaining(`audit: ${expected}`),
    ]);
    const inspector = await Inspector.open(database.url);
    await expect(inspector.count('wallets')).rejects.toThrow(/no such table|does not exist/);
    await inspector.close();
    await database.drop();
  });
};

const ofAnotherProgram = (kind: DatabaseKind): void => {
  itAtFullEffort(
    'refuses a foreign database without advice to serve it, and changes nothing',
    async () => {
      const database = await createDatabase(kind);
      const theirs = await Inspector.open(database.url);
      await theirs.rows('CREATE TABLE users (id integer)');
      const sentence = `the database belongs to another program and was not changed: it has the tables users\n`;
      const commands = [['audit'], ['migrate'], ['migrate', 'show'], ['migrate', 'revert']];
      for (const words of commands) {
        const settings = { DATABASE_URL: database.url };
        const { code, stdout, stderr } = await runIn('.', settings, ...words);
        expect([words, code > 0, stdout]).toEqual([words, true, '']);
        expect(stderr).toMatch(/^database: .*\n/);
        expect(stderr).toContain(sentence);
      }
      const users = await runCommand('admin', database.url, 'users');
      expect([users.code, users.stderr]).toEqual([1, expect.stringContaining(sentence)]);
      await expect(theirs.count('migrations')).rejects.toThrow(/no such table|does not exist/);
      await theirs.close();
      await database.drop();
    },
  );
};

/** The cases of `commands` on one database. */
export function commandsSuite(kind: DatabaseKind): void {
  describeOn(kind, 'npm run admin', adminCommand);
  describeOn(kind, 'npm run audit', auditCommand);
  describeOn(kind, 'A command without a schema', withoutSchema);
  describeOn(kind, "A command on another program's database", ofAnotherProgram);
}
