import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HoldSweeper } from '../src/wallet/hold-sweeper.js';
import { PASSWORD, TestApp } from './support/app.js';
import { type Caller } from './support/client.js';
import { databaseKinds } from './support/databases.js';
import { StatementLog } from './support/statement-log.js';

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
    log = new StatementLog(app.nest);
  });
  afterAll(() => app.close());

  const statements = async (work: () => Promise<unknown>) =>
    (await log.during(work)).map(({ name }) => name);

  it('are 9 for a registration', async () => {
    expect(await statements(() => app.newUser())).toEqual([
      'SELECT users',
      begin,
      'INSERT users',
      'INSERT wallets',
      'wallet.credit',
      'ledger.append',
      'access_token.expire',
      'INSERT access_tokens',
      'COMMIT',
    ]);
  });

  it('are 6 for a login, and 1 for a refused one', async () => {
    const login = (password: string) =>
      app.post('/api/login/', { username: ada.username, password });
    expect(await statements(() => login(PASSWORD))).toEqual([
      'SELECT users',
      begin,
      'user.renew_password_hash',
      'access_token.expire',
      'INSERT access_tokens',
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

  const HOLD = [begin, 'wallet.hold', 'hold.open', 'COMMIT'];
  const SETTLE = [
    begin,
    'hold.resolve',
    'wallet.capture',
    'ledger.append',
    'INSERT conversations',
    'INSERT turns',
    'COMMIT',
  ];

  it('are 12 for a chat, however long the history is', async () => {
    for (let n = 0; n < 3; n += 1) {
      const issued = await statements(() => ada.chat('hello'));
      expect(issued).toEqual(['access_token.find', ...HOLD, ...SETTLE]);
      expect(issued).toHaveLength(12);
    }
  });

  it('are 1 more with an Idempotency-Key, and 3 when it is replayed', async () => {
    const chat = () => ada.chat('hello', { 'Idempotency-Key': 'k' });
    expect(await statements(chat)).toEqual([
      'access_token.find',
      'hold.find_claim',
      ...HOLD,
      ...SETTLE,
    ]);
    expect(await statements(chat)).toEqual([
      'access_token.find',
      'hold.find_claim',
      'SELECT turns',
    ]);
  });

  it('are 5 for a chat that is refused for want of money', async () => {
    const poor = await app.newUser({ tokens: 99 });
    expect(await statements(() => poor.chat('hello'))).toEqual([
      'access_token.find',
      begin,
      'wallet.hold',
      'wallet.shortfall',
      'ROLLBACK',
    ]);
  });

  it('are none for a caller without credentials, or with a body that breaks its rules', async () => {
    expect(await statements(() => app.post('/api/chat/', { message: 'hi' }))).toEqual([]);
    expect(await statements(() => app.post('/api/login/', {}))).toEqual([]);
    expect(await statements(() => ada.chat(''))).toEqual(['access_token.find']);
  });
});
