import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ReadConnection } from '../../src/database/read-connection.js';
import { audit } from '../../src/wallet/audit.js';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';

describe.each(databaseKinds)('npm run audit on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

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
    await ada.chat('two', { 'Idempotency-Key': 'held' });
    const reader = app.nest.get(ReadConnection);
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
    // A refund for a hold does not change what the hold has captured.
    await app.database.rows(
      `INSERT INTO ledger_entries (id, owner_id, seq, kind, amount, balance_after, reason, hold_id, created_at)
       SELECT 'refund', owner_id, 4, 'refund', 5, balance + 5, 'refund', (SELECT id FROM holds), 0 FROM wallets`,
    );
    await app.database.rows('UPDATE wallets SET balance = balance + 5, entry_count = 4');
    expect(await audit(reader)).toEqual({ ...sound, entries: 4 });
  });

  it('reads wallets in batches of a thousand, and stops at the tenth difference', async () => {
    const bulk = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)`;
    const reader = app.nest.get(ReadConnection);
    const { wallets, entries } = await audit(reader);
    await app.database.rows(
      `INSERT INTO wallets (owner_id, balance, held, entry_count, spent_amount, spent_day, created_at)
       ${bulk} SELECT 'bulk-' || i, 5, 0, 1, 0, 0, 0 FROM n`,
    );
    await app.database.rows(
      `INSERT INTO ledger_entries (id, owner_id, seq, kind, amount, balance_after, reason, created_at)
       ${bulk} SELECT 'bulk-' || i, 'bulk-' || i, 1, 'grant', 5, 5, 'bulk', 0 FROM n`,
    );
    const progress: number[] = [];
    expect(await audit(reader, (done) => progress.push(done))).toEqual({
      wallets: wallets + 1500,
      entries: entries + 1500,
      differences: [],
    });
    expect(progress).toEqual([1000, wallets + 1500]);
    await app.database.rows(
      `UPDATE wallets SET balance = 6, held = 1 WHERE owner_id LIKE 'bulk-7__' AND owner_id < 'bulk-706'`,
    );
    const { differences } = await audit(reader);
    const counts = new Map<string, number>();
    for (const { rule } of differences) counts.set(rule, (counts.get(rule) ?? 0) + 1);
    expect([...counts.values()]).toEqual([6, 4]);
    await app.database.rows(`UPDATE wallets SET balance = 6 WHERE owner_id LIKE 'bulk-%'`);
    const stopped = await audit(reader);
    expect([stopped.differences.length, stopped.wallets]).toEqual([10, 0]);
    for (const table of ['ledger_entries', 'wallets'])
      await app.database.rows(`DELETE FROM ${table} WHERE owner_id LIKE 'bulk-%'`);
  });
});
