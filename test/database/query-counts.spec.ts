import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getMetadataArgsStorage } from 'typeorm';
import { entities } from '../../src/entities.js';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import { PASSWORD, TestApp } from '../support/app.js';
import { type Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { StatementLog } from '../support/statement-log.js';

const ORDER = entities.map(
  (entity) => getMetadataArgsStorage().filterTables(entity)[0]?.name ?? '',
);

/** The tables of a registration, in the order in which each database writes them. */
const REGISTERED = {
  sqlite: ['users', 'login_networks', 'wallets', 'ledger_entries', 'access_tokens'],
  postgres: ['users', 'wallets', 'ledger_entries', 'login_networks', 'access_tokens'],
};

describe.each(databaseKinds)('statement counts on %s', (kind) => {
  const begin = kind === 'sqlite' ? 'BEGIN IMMEDIATE' : 'START TRANSACTION';
  let app: TestApp;
  let log: StatementLog;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    // Stop the sweeper, because its statements would be counted too.
    await app.nest.get(HoldSweeper).onModuleDestroy();
    ada = await app.newUser();
    log = StatementLog.of(app.nest);
  });
  afterAll(() => app.close());

  /** Leaves out the poll for stops. A timer runs it, so on a slow machine it may happen during any request. */
  const statements = async (work: () => Promise<unknown>) =>
    (await log.during(work)).map(({ name }) => name).filter((name) => name !== 'hold.stops');

  /** SQLite needs one statement for each table, PostgreSQL one statement for all tables. */
  const inserts = (...tables: string[]) =>
    kind === 'sqlite'
      ? ORDER.filter((table) => tables.includes(table)).map((table) => `${table}.insert`)
      : [`${tables.join('+')}.insert`];

  it('a registration runs 10 statements on SQLite and 6 on PostgreSQL', async () => {
    const issued = await statements(() => app.newUser());
    expect(issued).toEqual([
      'SELECT users',
      begin,
      'list.number',
      'access_token.expire',
      ...inserts(...REGISTERED[kind]),
      'COMMIT',
    ]);
    expect(issued).toHaveLength(kind === 'sqlite' ? 10 : 6);
  });

  it('a login runs 9 statements, a refused login 2', async () => {
    const login = (password: string) =>
      app.post('/api/login/', { username: ada.username, password });
    expect(await statements(() => login(PASSWORD))).toEqual([
      'login_network.find',
      'SELECT users',
      begin,
      'user.renew_password_hash',
      'login_network.remember',
      'login_network.trim',
      'access_token.expire',
      ...inserts('access_tokens'),
      'COMMIT',
    ]);
    expect(await statements(() => login('Wr0ng-guess-1'))).toEqual([
      'login_network.find',
      'SELECT users',
    ]);
  });

  it('a balance, a history page and a ledger page run 2 statements each', async () => {
    expect(await statements(() => ada.balance())).toEqual([
      'access_token.find',
      'wallet.available',
    ]);
    expect(await statements(() => ada.get('/api/chat/'))).toEqual([
      'access_token.find',
      'history.page',
    ]);
    expect(await statements(() => ada.get('/api/wallet/ledger/'))).toEqual([
      'access_token.find',
      'ledger.page',
    ]);
  });

  /** The statements of one owner. PostgreSQL runs those for many, also for one. */
  const OWN = {
    sqlite: {
      charge: 'wallet.charge',
      hold: 'wallet.hold',
      capture: ['hold.resolve', 'wallet.capture'],
    },
    postgres: {
      charge: 'wallet.charge_many',
      hold: 'wallet.hold_many',
      capture: ['hold.capture_many', 'wallet.capture_many'],
    },
  }[kind];
  const HOLD = [begin, OWN.hold, ...inserts('holds', 'conversations'), 'COMMIT'];
  const KEYED_HOLD = [
    begin,
    ...inserts('holds'),
    'wallet.hold',
    ...inserts('conversations'),
    'COMMIT',
  ];
  const SETTLE = [begin, ...OWN.capture, ...inserts('ledger_entries', 'turns'), 'COMMIT'];

  it('a chat runs 7 statements on SQLite and 5 on PostgreSQL, whatever the length of the history', async () => {
    for (let n = 0; n < 3; n += 1) {
      const issued = await statements(() => ada.chat('hello'));
      expect(issued).toEqual([
        'access_token.find',
        begin,
        OWN.charge,
        ...inserts('ledger_entries', 'conversations', 'turns'),
        'COMMIT',
      ]);
      expect(issued).toHaveLength(kind === 'sqlite' ? 7 : 5);
    }
  });

  it('a streamed chat runs 12 statements on SQLite and 10 on PostgreSQL', async () => {
    const issued = await statements(() => ada.chat('hello', { Accept: 'text/event-stream' }));
    expect(issued).toEqual(['access_token.find', ...HOLD, ...SETTLE]);
    expect(issued).toHaveLength(kind === 'sqlite' ? 12 : 10);
  });

  it('a chat with an Idempotency-Key runs 13 statements on SQLite and 12 on PostgreSQL, a replay 3', async () => {
    const chat = () => ada.chat('hello', { 'Idempotency-Key': 'k' });
    const issued = await statements(chat);
    expect(issued).toEqual(['access_token.find', 'hold.find_by_key', ...KEYED_HOLD, ...SETTLE]);
    expect(issued).toHaveLength(kind === 'sqlite' ? 13 : 12);
    expect(await statements(chat)).toEqual([
      'access_token.find',
      'hold.find_by_key',
      'SELECT turns',
    ]);
  });

  it('a chat that is refused with 402 runs 5 statements on SQLite and 8 on PostgreSQL', async () => {
    const poor = await app.newUser({ tokens: 99 });
    const attempt = [begin, 'wallet.charge', 'wallet.shortfall'];
    expect(await statements(() => poor.chat('hello'))).toEqual([
      'access_token.find',
      // Nothing was written, so there is nothing to undo. On SQLite other requests may share the commit.
      ...(kind === 'sqlite'
        ? [...attempt, 'COMMIT']
        : [begin, 'wallet.charge_many', 'COMMIT', ...attempt, 'ROLLBACK']),
    ]);
  });

  it('a request without credentials or with an invalid body runs no statement but the one for its credentials', async () => {
    expect(await statements(() => app.post('/api/chat/', { message: 'hi' }))).toEqual([]);
    expect(await statements(() => app.post('/api/login/', {}))).toEqual([]);
    expect(await statements(() => ada.chat(''))).toEqual(['access_token.find']);
  });
});
