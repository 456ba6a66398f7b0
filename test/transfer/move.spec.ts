import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { entities } from '../../src/entities.js';
import { move } from '../../src/transfer/move.js';
import { JWT_SECRET, PASSWORD, TestApp } from '../support/app.js';
import {
  createDatabase,
  createMigrated,
  databaseKinds,
  Inspector,
  type DatabaseKind,
  type TestDatabase,
} from '../support/databases.js';
import { itLightOnSqlite } from '../support/full-effort.js';
import { auditOf } from '../support/full-audit.js';

const other = (kind: DatabaseKind): DatabaseKind => (kind === 'sqlite' ? 'postgres' : 'sqlite');
/** Both directions. Each needs both databases. */
const directions = databaseKinds.length > 1 ? databaseKinds : [];

const run = (source: string, target: string) =>
  move({
    source: { url: source, poolMax: 4, entities },
    target: { url: target, poolMax: 4, entities },
  });

/** Returns every value of every table that the service maps, in the same form for both databases. */
async function everything(url: string): Promise<Record<string, unknown[]>> {
  const inspector = await Inspector.open(url);
  try {
    const found: Record<string, unknown[]> = {};
    for (const { target, tableName } of inspector.dataSource.entityMetadatas) {
      const rows = await inspector.dataSource.getRepository(target).find();
      found[tableName] = rows
        .map((row) => JSON.stringify(row).replaceAll('\\u0000', '\ufffd'))
        .sort();
    }
    return found;
  } finally {
    await inspector.close();
  }
}

describe.each(directions)('move from %s to the other database', (kind) => {
  let source: TestDatabase;
  let target: TestDatabase;
  let tokens: { access: string; refresh: string; token: string; left: string };
  let keyed: { raw: string; key: string };

  beforeAll(async () => {
    source = await createMigrated(kind);
    const app = await TestApp.start(kind, { DATABASE_URL: source.url });
    const ada = await app.newUser({ username: 'Ada' });
    const bea = await app.newUser({ username: 'bea' });
    for (let n = 0; n < 45; n += 1) await ada.chat(`message ${String(n)} Grüße, 世界 😀 "\\'`);
    keyed = { key: randomUUID(), raw: '' };
    keyed.raw = (await bea.chat('once', { 'Idempotency-Key': keyed.key })).raw;
    await bea.send('PUT', '/api/wallet/limits/', { daily: 300 });
    await bea.send('POST', '/api/conversations/', { title: '', system: 'Be brief.' });
    const cy = await app.newUser({ username: 'cy' });
    await cy.chat('of a person who leaves');
    await cy.send('DELETE', '/api/me/', { password: PASSWORD });
    const jwt = await app.post('/api/token/', { username: 'bea', password: PASSWORD });
    tokens = {
      ...(jwt.body as { access: string; refresh: string }),
      token: bea.token,
      left: cy.token,
    };
    await app.close();
    const inspector = await Inspector.open(source.url);
    await inspector.rows('UPDATE users SET is_staff = $1 WHERE username = $2', [true, 'Ada']);
    if (kind === 'sqlite') {
      const sql = 'UPDATE turns SET response = $1 WHERE message LIKE $2';
      await inspector.rows(sql, ['a\0b', 'message 7 %']);
    }
    await inspector.close();
  });
  afterAll(() => source.drop());
  beforeEach(async () => {
    target = await createMigrated(other(kind));
  });
  afterEach(() => target.drop());

  it('moves every row and type; sessions, keys and history keep working', async () => {
    await target.drop();
    target = await createDatabase(other(kind));
    const before = await everything(source.url);
    expect(await run(source.url, target.url)).toMatch(/^moved and compared: 3 wallets, \d+ ledger/);
    expect(await everything(target.url)).toEqual(before);
    expect(await everything(source.url)).toEqual(before);
    const report = await auditOf(target.url);
    expect([report.wallets, report.differences, report.missing]).toEqual([3, [], []]);
    expect(await run(source.url, target.url)).toContain('moved and compared');
    const settings = { DATABASE_URL: target.url, JWT_SECRET };
    const app = await TestApp.start(other(kind), settings);
    const bea = app.callerOf(tokens.token, 'bea');
    const replay = await bea.chat('once', { 'Idempotency-Key': keyed.key });
    expect([replay.raw, replay.headers['idempotent-replayed']]).toEqual([keyed.raw, 'true']);
    expect(await bea.balance()).toBe(3900);
    expect((await app.callerOf(tokens.access, 'bea').get('/api/me/')).status).toBe(200);
    const renewed = await app.post('/api/token/refresh/', { refresh: tokens.refresh });
    expect(renewed.status).toBe(200);
    expect((await app.callerOf(tokens.left, 'cy').get('/api/me/')).status).toBe(401);
    const login = await app.post('/api/login/', { username: 'ADA', password: PASSWORD });
    const ada = app.callerOf((login.body as { token: string }).token, 'Ada');
    expect((await ada.get('/api/admin/users/')).status).toBe(200);
    expect((await bea.chat('one more')).status).toBe(200);
    expect((await ada.history())[0]?.message).toBe(`message 39 Grüße, 世界 😀 "\\'`);
    await app.close();
    expect((await auditOf(target.url)).differences).toEqual([]);
    // The target was used since. Older rows must never replace its rows.
    await expect(run(source.url, target.url)).rejects.toThrow('the target has rows in');
  });

  const itFromSqlite = itLightOnSqlite(kind);

  itFromSqlite('continues after an interruption, and skips nothing', async () => {
    await run(source.url, target.url);
    const inspector = await Inspector.open(target.url);
    for (const table of ['turns', 'ledger_entries', 'access_tokens']) {
      const half = `SELECT id FROM ${table} ORDER BY id DESC LIMIT 101`;
      await inspector.rows(`DELETE FROM ${table} WHERE id IN (${half})`);
    }
    await inspector.close();
    expect((await auditOf(target.url)).missing).not.toEqual([]);
    await run(source.url, target.url);
    expect(await everything(target.url)).toEqual(await everything(source.url));
    expect((await auditOf(target.url)).missing).toEqual([]);
  });

  itFromSqlite('refuses while either database is served, and writes nothing', async () => {
    const busySource = await TestApp.start(kind, { DATABASE_URL: source.url });
    await expect(run(source.url, target.url)).rejects.toThrow(/serves/);
    await busySource.close();
    const busyTarget = await TestApp.start(other(kind), { DATABASE_URL: target.url });
    await expect(run(source.url, target.url)).rejects.toThrow(/serves/);
    await busyTarget.close();
    const inspector = await Inspector.open(target.url);
    expect(await inspector.count('users')).toBe(0);
    await inspector.close();
  });

  itFromSqlite('refuses a target with other rows, or with tables of another program', async () => {
    const app = await TestApp.start(other(kind), { DATABASE_URL: target.url });
    await app.newUser({ username: 'somebody' });
    await app.close();
    const before = await everything(target.url);
    await expect(run(source.url, target.url)).rejects.toThrow(
      // The first difference is in the numbers of the lists or in the user.
      /^the target has rows in (?:numbered_lists|users) that the source has not/,
    );
    expect(await everything(target.url)).toEqual(before);
    const foreign = await createDatabase(other(kind));
    const inspector = await Inspector.open(foreign.url);
    await inspector.rows('CREATE TABLE invoices (id text)');
    await expect(run(source.url, foreign.url)).rejects.toThrow(
      'tables of another program: invoices',
    );
    expect(await inspector.tables()).toEqual(['invoices']);
    await inspector.close();
    await foreign.drop();
  });

  it('refuses an unbalanced source and a missing source', async () => {
    const inspector = await Inspector.open(source.url);
    await inspector.rows('UPDATE wallets SET balance = balance + 1');
    await expect(run(source.url, target.url)).rejects.toThrow('the source is not whole');
    const path = join(tmpdir(), `tallychat-not-made-${kind}.sqlite`);
    await expect(run(source.url, `sqlite:${path}`)).rejects.toThrow('the source is not whole');
    await expect(stat(path)).rejects.toThrow('ENOENT');
    await inspector.rows('UPDATE wallets SET balance = balance - 1');
    await inspector.close();
    await expect(run('sqlite:/nowhere/at/all', target.url)).rejects.toThrow('is not a file');
    await expect(run(source.url, source.url)).rejects.toThrow('are one database');
  });
});

describe('the tables of the service', () => {
  it.each(databaseKinds)('are all moved on %s, except counters of limits', async (kind) => {
    const app = await TestApp.start(kind);
    const mapped = app.database.dataSource.entityMetadatas.map(({ tableName }) => tableName);
    const unmapped = (await app.database.tables()).filter((name) => !mapped.includes(name));
    expect(unmapped).toEqual(kind === 'sqlite' ? ['migrations'] : ['migrations', 'rate_counters']);
    await app.close();
  });
});
