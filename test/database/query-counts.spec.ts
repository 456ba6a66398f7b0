import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getMetadataArgsStorage } from 'typeorm';
import { entities } from '../../src/entities.js';
import { HoldSweeper } from '../../src/wallet/hold-sweeper.js';
import { PASSWORD, TestApp } from '../support/app.js';
import { type Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { StatementLog } from '../support/statement-log.js';

const ORDER = entities.map(
  (entity) => getMetadataArgsStorage().filterTables(entity)[0]?.name ?? '',
);

/** The tables of a registration, in the order in which each database has them written. */
const REGISTERED = {
  sqlite: ['users', 'login_networks', 'wallets', 'ledger_entries', 'access_tokens'],
  postgres: ['users', 'wallets', 'ledger_entries', 'login_networks', 'access_tokens'],
};

describe.each(databaseKinds)('the statements that a request costs on %s', (kind) => {
  const begin = kind === 'sqlite' ? 'BEGIN IMMEDIATE' : 'START TRANSACTION';
  let app: TestApp;
  let log: StatementLog;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    // What runs by itself would be counted with whatever it meets.
    await app.nest.get(HoldSweeper).onModuleDestroy();
    ada = await app.newUser();
    log = StatementLog.of(app.nest);
  });
  afterAll(() => app.close());

  /** The look for stops comes by the clock and not with the request, which it meets where the machine is slow. */
  const statements = async (work: () => Promise<unknown>) =>
    (await log.during(work)).map(({ name }) => name).filter((name) => name !== 'hold.stops');

  /** SQLite writes each table's rows with one statement, PostgreSQL those of all tables. */
  const inserts = (...tables: string[]) =>
    kind === 'sqlite'
      ? ORDER.filter((table) => tables.includes(table)).map((table) => `${table}.insert`)
      : [`${tables.join('+')}.insert`];

  it('are 10 for a registration on SQLite, and 7 on PostgreSQL', async () => {
    expect(await statements(() => app.newUser())).toEqual([
      'SELECT users',
      begin,
      'list.number',
      'access_token.expire',
      ...inserts(...REGISTERED[kind]),
      'COMMIT',
    ]);
  });

  it('are 8 for a login, and 1 for a refused one', async () => {
    const login = (password: string) =>
      app.post('/api/login/', { username: ada.username, password });
    expect(await statements(() => login(PASSWORD))).toEqual([
      'SELECT users',
      begin,
      'user.renew_password_hash',
      'login_network.remember',
      'login_network.trim',
      'access_token.expire',
      ...inserts('access_tokens'),
      'COMMIT',
    ]);
    expect(await statements(() => login('Wr0ng-guess-1'))).toEqual(['SELECT users']);
  });

  it('are 2 for a balance, a page of history and a page of the ledger', async () => {
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

  const HOLD = [begin, 'wallet.hold_many', ...inserts('holds', 'conversations'), 'COMMIT'];
  const KEYED_HOLD = [
    begin,
    ...inserts('holds'),
    'wallet.hold',
    ...inserts('conversations'),
    'COMMIT',
  ];
  const SETTLE = [
    begin,
    'hold.capture_many',
    'wallet.capture_many',
    ...inserts('ledger_entries', 'turns'),
    'COMMIT',
  ];

  it('are 7 on SQLite and 5 on PostgreSQL for a chat, however long the history is', async () => {
    for (let n = 0; n < 3; n += 1) {
      const issued = await statements(() => ada.chat('hello'));
      expect(issued).toEqual([
        'access_token.find',
        begin,
        'wallet.charge_many',
        ...inserts('ledger_entries', 'conversations', 'turns'),
        'COMMIT',
      ]);
      expect(issued).toHaveLength(kind === 'sqlite' ? 7 : 5);
    }
  });

  it('are 12 on SQLite and 10 on PostgreSQL for a chat with a provider', async () => {
    const issued = await statements(() => ada.chat('hello', { Accept: 'text/event-stream' }));
    expect(issued).toEqual(['access_token.find', ...HOLD, ...SETTLE]);
    expect(issued).toHaveLength(kind === 'sqlite' ? 12 : 10);
  });

  it('are 1 more with an Idempotency-Key, and 3 when it is replayed', async () => {
    const chat = () => ada.chat('hello', { 'Idempotency-Key': 'k' });
    expect(await statements(chat)).toEqual([
      'access_token.find',
      'hold.find_claim',
      ...KEYED_HOLD,
      ...SETTLE,
    ]);
    expect(await statements(chat)).toEqual([
      'access_token.find',
      'hold.find_claim',
      'SELECT turns',
    ]);
  });

  it('are 8 for a chat that is refused with 402', async () => {
    const poor = await app.newUser({ tokens: 99 });
    expect(await statements(() => poor.chat('hello'))).toEqual([
      'access_token.find',
      begin,
      'wallet.charge_many',
      'COMMIT',
      begin,
      'wallet.charge',
      'wallet.shortfall',
      // On SQLite others may share the commit, and nothing was written that would have to be undone.
      kind === 'sqlite' ? 'COMMIT' : 'ROLLBACK',
    ]);
  });

  it('are none for a caller without credentials, or with a body that breaks its rules', async () => {
    expect(await statements(() => app.post('/api/chat/', { message: 'hi' }))).toEqual([]);
    expect(await statements(() => app.post('/api/login/', {}))).toEqual([]);
    expect(await statements(() => ada.chat(''))).toEqual(['access_token.find']);
  });
});
