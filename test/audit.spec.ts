import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Reader } from '../src/database/reader.js';
import { audit } from '../src/wallet/audit.js';
import { TestApp } from './support/app.js';
import { runCommand } from './support/command.js';
import { createDatabase, databaseKinds, Inspector } from './support/databases.js';

describe.each(databaseKinds)('npm run audit on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  const command = (...words: string[]) => runCommand('audit', app.databaseUrl, ...words);

  const tampered = [
    [
      'an amount',
      'UPDATE ledger_entries SET amount = amount - 1 WHERE seq = 2',
      'sum of the ledger',
    ],
    ['a balance', 'UPDATE wallets SET balance = balance + 1', 'sum of the ledger entries'],
    ['a held amount', 'UPDATE wallets SET held = held + 1', 'sum of the open holds'],
    ['an entry’s balance', 'UPDATE ledger_entries SET balance_after = 1 WHERE seq = 2', 'entry 2'],
    ['a lost entry', 'DELETE FROM ledger_entries WHERE seq = 2', 'number of ledger entries'],
    ['a capture', 'UPDATE holds SET captured_amount = captured_amount - 1', 'holds captured'],
  ] as const;

  it('passes after chats, and names the wallet and the rule when one row is changed', async () => {
    const ada = await app.newUser();
    await ada.chat('one');
    await ada.chat('two');
    const reader = app.nest.get(Reader);
    const sound = { wallets: 1, entries: 3, differences: [] };
    expect(await audit(reader)).toEqual(sound);
    for (const [what, sql, rule] of tampered) {
      const undo = await app.database.snapshot(['wallets', 'ledger_entries', 'holds']);
      await app.database.rows(sql);
      const { differences } = await audit(reader);
      const rules = differences.map((difference) => difference.rule).join('; ');
      expect(`${what}: ${rules}`).toContain(rule);
      await undo();
      expect(await audit(reader)).toEqual(sound);
    }
  });

  it('exits 0 with a summary, or 1 naming the first differences; --json is for machines', async () => {
    const scope = await audit(app.nest.get(Reader));
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

  it('exits 2 when it cannot look', async () => {
    const { code, stderr } = await runCommand('audit', 'postgres://tally:no@127.0.0.1:1/none');
    expect(code).toBe(2);
    expect(stderr).toContain('audit: ');
  });
});

describe.each(databaseKinds)('a command on a database without a schema on %s', (kind) => {
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
});
