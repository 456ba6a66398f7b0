import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toText } from '../../src/audit/full-audit.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { auditOf } from '../support/full-audit.js';

describe.each(databaseKinds)('the audit of missing rows on %s', (kind) => {
  let app: TestApp;
  let ada: Caller;
  let owner: string;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    ada = await app.newUser();
    owner = await app.ownerOf(ada);
    for (const message of ['one', 'two', 'three']) await ada.chat(message);
  });
  afterAll(() => app.close());

  const audit = () => auditOf(app.databaseUrl);

  /** Deletes rows, returns what the audit reports as missing, and restores the rows. */
  const without = async (tables: string[], ...deletions: string[]) => {
    const restore = await app.database.snapshot(tables);
    await switchReferences(app, false);
    for (const sql of deletions) await app.database.rows(sql, sql.includes('$1') ? [owner] : []);
    const { missing } = await audit();
    await restore();
    await switchReferences(app, true);
    expect((await audit()).missing).toEqual([]);
    return missing;
  };

  it('finds no difference in complete data, or after deletions by users', async () => {
    const bea = await app.newUser();
    const answer = await bea.chat('to be deleted');
    await bea.send('DELETE', `/api/conversations/${String(answer.headers['conversation-id'])}/`);
    const cy = await app.newUser();
    await cy.chat('of a person who leaves');
    expect((await cy.send('DELETE', '/api/me/', { password: 'Str0ng-pass-1' })).status).toBe(204);
    const report = await audit();
    expect([report.differences, report.missing]).toEqual([[], []]);
    expect(toText(report)).toContain('every balance follows from its entries.');
    expect(await app.database.count('wallets')).toBe(3);
    expect(await app.database.count('users')).toBe(2);
  });

  it('reports users without a wallet', async () => {
    const missing = await without(
      ['wallets', 'ledger_entries', 'turns'],
      'DELETE FROM turns WHERE owner_id = $1',
      'DELETE FROM ledger_entries WHERE owner_id = $1',
      'DELETE FROM wallets WHERE owner_id = $1',
    );
    expect(missing).toEqual([`users without a wallet: 1 (${owner})`]);
  });

  it('reports gaps in the ledger, lost last entries, and answers without their charge', async () => {
    expect(
      await without(
        ['ledger_entries'],
        'DELETE FROM ledger_entries WHERE owner_id = $1 AND seq = 2',
      ),
    ).toEqual([
      `places where ledger entries are missing: 1 (wallet ${owner} before entry 3)`,
      expect.stringMatching(/^answers whose price is not in the ledger: 1 \([\da-f-]{36}\)$/),
    ]);
    expect(
      await without(
        ['ledger_entries'],
        'DELETE FROM ledger_entries WHERE owner_id = $1 AND seq = 4',
      ),
    ).toEqual([
      `wallets whose last ledger entries are missing: 1 (${owner})`,
      expect.stringMatching(/^answers whose price is not in the ledger: 1 /),
    ]);
  });

  it('reports rows whose referenced row is missing', async () => {
    const users = await app.database.count('users');
    const missing = await without(['wallets'], 'DELETE FROM wallets');
    expect(missing).toContainEqual(
      expect.stringMatching(/^rows of ledger_entries whose row in wallets is missing: [1-9]/),
    );
    expect(missing).toContainEqual(
      expect.stringContaining(`users without a wallet: ${String(users)} (`),
    );
    expect(await without(['users'], 'DELETE FROM users WHERE id = $1')).toContainEqual(
      'rows of access_tokens whose row in users is missing: 1',
    );
  });

  it('reports ledger entries without their hold', async () => {
    const restore = await app.database.snapshot(['ledger_entries']);
    await app.database.rows(
      `UPDATE ledger_entries SET hold_id = 'gone' WHERE seq = 2 AND owner_id = $1`,
      [owner],
    );
    const { missing } = await audit();
    await restore();
    expect(missing).toEqual([expect.stringMatching(/^ledger entries whose hold is missing: 1 /)]);
  });
});

/** Switches the database's checks of references on or off. */
async function switchReferences(app: TestApp, isOn: boolean): Promise<void> {
  if (app.database.dataSource.isSqlite) {
    await app.database.dataSource.query(`PRAGMA foreign_keys = ${isOn ? 'ON' : 'OFF'}`);
    return;
  }
  for (const table of ['wallets', 'users', 'ledger_entries', 'turns', 'holds', 'access_tokens']) {
    const verb = isOn ? 'ENABLE' : 'DISABLE';
    await app.database.rows(`ALTER TABLE ${table} ${verb} TRIGGER ALL`);
  }
}
