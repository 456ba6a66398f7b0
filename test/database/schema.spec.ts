import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, QueryFailedError } from 'typeorm';
import { ReadConnection } from '../../src/database/read-connection.js';
import { PASSWORD, TestApp } from '../support/app.js';
import { databaseKinds, type DatabaseKind } from '../support/databases.js';
import { keepWithinOneDay } from '../support/midnight.js';

const ENTRY = `INSERT INTO ledger_entries
  (id, owner_id, seq, kind, amount, balance_after, reason, created_at, claim_route, claim_key, claim_hash)`;
const HOLD = `INSERT INTO holds
  (id, owner_id, amount, captured_amount, state, expires_at, created_at, process_id)`;

/** Statements that our code never runs and that the schema must refuse. `$1` is the owner of a wallet. */
const REFUSED: readonly (readonly [name: string, sql: string])[] = [
  ['a negative balance', 'UPDATE wallets SET balance = -1 WHERE owner_id = $1'],
  ['a balance of nothing', 'UPDATE wallets SET balance = NULL WHERE owner_id = $1'],
  ['a negative held', 'UPDATE wallets SET held = -1 WHERE owner_id = $1'],
  ['held above the balance', 'UPDATE wallets SET held = balance + 1 WHERE owner_id = $1'],
  ['a wallet taken from its ledger', 'DELETE FROM wallets WHERE owner_id = $1'],
  ['a second wallet', 'INSERT INTO wallets SELECT * FROM wallets WHERE owner_id = $1'],
  ['captured above the hold', 'UPDATE holds SET captured_amount = amount + 1 WHERE owner_id = $1'],
  ['a negative capture', 'UPDATE holds SET captured_amount = -1 WHERE owner_id = $1'],
  ['a negative hold', 'UPDATE holds SET amount = -1, captured_amount = -1 WHERE owner_id = $1'],
  ['an unknown state', `UPDATE holds SET state = 'lost' WHERE owner_id = $1`],
  ['a hold on no wallet', `${HOLD} VALUES ('x', 'nobody', 1, 0, 'open', 1, 1, 1)`],
  ['a charge that adds', `${ENTRY} VALUES ('e', $1, 9, 'charge', 1, 1, 'r', 1, NULL, NULL, NULL)`],
  ['a charge of 0', `${ENTRY} VALUES ('e', $1, 9, 'charge', 0, 1, 'r', 1, NULL, NULL, NULL)`],
  ['a grant that takes', `${ENTRY} VALUES ('e', $1, 9, 'grant', -1, 1, 'r', 1, NULL, NULL, NULL)`],
  [
    'a refund that takes',
    `${ENTRY} VALUES ('e', $1, 9, 'refund', -1, 1, 'r', 1, NULL, NULL, NULL)`,
  ],
  ['an unknown kind', `${ENTRY} VALUES ('e', $1, 9, 'gift', 1, 1, 'r', 1, NULL, NULL, NULL)`],
  ['a debt', `${ENTRY} VALUES ('e', $1, 9, 'charge', -1, -1, 'r', 1, NULL, NULL, NULL)`],
  ['a seq twice', `${ENTRY} VALUES ('e', $1, 1, 'grant', 1, 1, 'r', 1, NULL, NULL, NULL)`],
  ['a key twice', `${ENTRY} VALUES ('e', $1, 9, 'grant', 1, 1, 'r', 1, 'redeem', 'once', 'h')`],
  [
    'an entry of no wallet',
    `${ENTRY} VALUES ('x', 'nobody', 1, 'grant', 1, 1, 'r', 1, NULL, NULL, NULL)`,
  ],
  [
    'a code worth nothing',
    `INSERT INTO redemption_codes (id, digest, amount, reason, created_at) VALUES ($1, 'd', 0, 'r', 1)`,
  ],
  [
    'a token of nobody',
    `INSERT INTO access_tokens (id, digest, user_id, created_at, last_used_at) VALUES ($1, 'd', 'nobody', 1, 1)`,
  ],
  ['a turn in no conversation', `UPDATE turns SET conversation_id = 'none' WHERE owner_id = $1`],
  ['a name twice', `UPDATE users SET username_key = 'taken' WHERE id = $1`],
];

describe.each(databaseKinds)('the schema on %s', (kind) => {
  let app: TestApp;
  let owner: string;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    await app.newUser({ username: 'taken' });
    const ada = await app.newUser({ username: 'ada' });
    expect((await ada.chat('hello')).status).toBe(200);
    const sql = `SELECT id FROM users WHERE username = 'ada'`;
    owner = (await app.database.rows<{ id: string }>(sql))[0]?.id ?? '';
    await app.database.rows(
      `${ENTRY} VALUES ('given', $1, 3, 'top_up', 5, 3905, 'r', $2, 'redeem', 'once', 'h')`,
      [owner, Date.now() * 1000], // Now, or the sweeper forgets the key.
    );
    await app.database.rows(`${HOLD} VALUES ('h', $1, 100, 100, 'captured', 1, 1, 1)`, [owner]);
    await app.database.rows(
      'UPDATE wallets SET balance = 3905, entry_count = 3 WHERE owner_id = $1',
      [owner],
    );
  });
  afterAll(() => app.close());

  /** Returns everything that the statements could have changed. */
  const everything = async () => {
    const tables = await app.database.tables();
    const rows = tables.map((table) => app.database.rows(`SELECT * FROM ${table}`));
    return JSON.stringify(await Promise.all(rows));
  };

  it.each(REFUSED)('refuses %s, and changes nothing', async (_, sql) => {
    const before = await everything();
    const failure = await app.database
      .rows(sql, sql.includes('$1') ? [owner] : [])
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(QueryFailedError);
    const { code } = (failure as QueryFailedError<Error & { code: string }>).driverError;
    expect(code).toMatch(kind === 'sqlite' ? /^SQLITE_CONSTRAINT$/ : /^23\d{3}$/);
    expect(await everything()).toBe(before);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('is never made by TypeORM itself', () => {
    const writer = app.nest.get(DataSource);
    const reader = app.nest.get(ReadConnection)['database'];
    for (const { options } of [writer, reader]) {
      expect([options.synchronize, options.dropSchema ?? false]).toEqual([false, false]);
    }
  });

  if (kind === 'sqlite') {
    it('is written durably, read on a connection that cannot write, and keeps its references', async () => {
      const writer = app.nest.get(DataSource);
      const reader = app.nest.get(ReadConnection)['database'];
      const pragma = async (dataSource: DataSource, name: string) => {
        const [row] = await dataSource.query<Record<string, unknown>[]>(`PRAGMA ${name}`);
        return row?.[name];
      };
      const FULL = 2;
      expect(reader).not.toBe(writer);
      expect(await pragma(writer, 'journal_mode')).toBe('wal');
      expect(await pragma(writer, 'synchronous')).toBe(FULL);
      expect([await pragma(writer, 'foreign_keys'), await pragma(writer, 'query_only')]).toEqual([
        1, 0,
      ]);
      expect(await pragma(reader, 'query_only')).toBe(1);
      const write = reader.query('UPDATE wallets SET balance = balance + 1');
      await expect(write).rejects.toThrow('readonly');
      expect(await app.database.unbalancedWallets()).toEqual([]);
    });
  }
});

/** Returns what a client receives in a short session, without random values and times. */
async function clientStory(app: TestApp) {
  const ada = await app.newUser({ username: 'Ada' });
  const asked = [
    () => app.post('/api/register/', { username: 'ADA', password: PASSWORD }),
    () => app.post('/api/login/', { username: 'ada', password: PASSWORD }),
    () => app.post('/api/login/', { username: 'ada', password: 'wrong' }),
    () => ada.chat('Grüße, 世界 😀'),
    () => ada.chat('once', { 'Idempotency-Key': 'k' }),
    () => ada.chat('once', { 'Idempotency-Key': 'k' }),
    () => ada.chat('twice', { 'Idempotency-Key': 'k' }),
    () => ada.send('PUT', '/api/wallet/limits/', { daily: 200 }),
    () => ada.chat('beyond the limit'),
    ...['', 'ledger/', 'usage/', 'usage/?by=model', 'ledger/?page_size=1'].map(
      (path) => () => ada.get(`/api/wallet/${path}`),
    ),
    () => ada.get('/api/chat/'),
    () => ada.get(`/api/chat/${randomUUID()}/`),
    () => ada.get('/api/chat/?cursor=bad'),
    () => ada.send('POST', '/api/wallet/redeem/', { code: 'none' }),
    () => ada.send('POST', '/api/logout/'),
    () => ada.get('/api/token-balance/'),
  ];
  const received = [];
  for (const ask of asked) {
    const { status, raw, headers } = await ask();
    received.push([
      status,
      withoutRandomParts(raw),
      headers['tokens-balance'],
      headers['idempotent-replayed'],
    ]);
  }
  return received;
}

/** Replaces ids, secrets, times, cursors and the port, which differ in each run. */
function withoutRandomParts(text: string): string {
  return text
    .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, '<id>')
    .replaceAll(/\b[\da-f]{40}\b/g, '<secret>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<moment>')
    .replaceAll(/cursor=\w+/g, 'cursor=<cursor>')
    .replaceAll(/127\.0\.0\.1:\d+/g, '<host>');
}

describe('moving from SQLite to PostgreSQL', () => {
  keepWithinOneDay();

  const clientStoryOn = async (kind: DatabaseKind) => {
    const app = await TestApp.start(kind);
    try {
      return await clientStory(app);
    } finally {
      await app.close();
    }
  };

  it('needs only another DATABASE_URL: a client gets the same answers', async () => {
    const [first, ...others] = databaseKinds;
    const received = await clientStoryOn(first ?? 'sqlite');
    expect(received.map(([status]) => status)).toEqual([
      400, 200, 400, 200, 200, 200, 422, 200, 402, 200, 200, 200, 200, 200, 200, 404, 404, 400, 204,
      401,
    ]);
    for (const kind of others) expect(await clientStoryOn(kind)).toEqual(received);
  });
});
