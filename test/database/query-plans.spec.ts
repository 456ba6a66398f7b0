import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { BatchedCaptures } from '../../src/wallet/holds/batched-captures.service.js';
import { BatchedHolds } from '../../src/wallet/holds/batched-holds.service.js';
import { ChargesService } from '../../src/wallet/charges.service.js';
import { HoldStops } from '../../src/wallet/holds/hold-stops.js';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import { HoldsService } from '../../src/wallet/holds/holds.service.js';
import { PASSWORD, TestApp } from '../support/app.js';
import { type Caller } from '../support/client.js';
import { addManyUsers } from '../support/many-users.js';
import { databaseKinds, type DatabaseKind } from '../support/databases.js';
import { getPage } from '../support/pages.js';
import { noteOf } from '../support/note.js';
import { isSlow, planOf } from '../support/plans.js';
import { StatementLog, type Statement } from '../support/statement-log.js';

/** Statements that may read more than they return, and the reason why this stays small. */
const EXCUSED: Readonly<Record<string, string>> = {
  'ledger.usage': 'sums up 5,000 entries of one owner, and puts their groups in order',
  'access_token.expire': 'puts the sessions of one person in order, a thousand at most',
  'jwt_family.expire': 'the same of the other kind',
  'login_network.trim': 'puts the networks of one person in order, eleven at most',
  'hold.processes': 'reads the index of open holds alone, which are those under way now',
  'hold.orphans': 'reads the same, and only after a crash',
  'conversation.by_activity': 'puts two thousand conversations of one person in order at most',
};

const EXCUSED_ON: Readonly<Record<DatabaseKind, Readonly<Record<string, string>>>> = {
  sqlite: EXCUSED,
  postgres: {
    ...EXCUSED,
    'conversation.step':
      'puts the conversations of one person in order, if they are fewer than two thousand',
  },
};

const UNKNOWN = Buffer.from('older:0198bf9e-6c5b-7c1e-a3c7-9d2f4b8e6a10').toString('base64url');

/** The statements that the tour must run. */
const HOT = [
  'access_token.find',
  'jwt_family.find',
  'user.renew_password_hash',
  'wallet.available',
  'wallet.charge_many',
  'wallet.hold',
  'wallet.hold_many',
  'wallet.capture',
  'wallet.capture_many',
  'wallet.release',
  'hold.find_by_key',
  'hold.resolve',
  'hold.capture_many',
  'hold.stop',
  'hold.stops',
  'hold.overdue',
  'idempotency.old',
  'idempotency.forget',
  'hold.unpaid',
  'hold.forget',
  'history.page',
  'history.find',
  'ledger.page',
  'turn.ordinal',
  'turns.probe',
  'conversation.page',
  'conversation.list',
  'conversation.by_activity',
  'conversation.step',
  'conversations.probe',
  'code.redeem',
];

describe.each(databaseKinds)('statements over full tables on %s', (kind) => {
  let app: TestApp;
  let issued: Map<string, Statement>;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    await app.nest.get(HoldSweeper).onModuleDestroy();
    const ada = await app.newUser();
    const sql = 'SELECT id FROM users WHERE username = $1';
    const [user] = await app.database.rows<{ id: string }>(sql, [ada.username]);
    await addManyUsers(app.database, user?.id ?? '');
    const log = StatementLog.of(app.nest);
    const all = await log.during(() => tour(ada));
    issued = new Map(all.map((statement) => [statement.sql, statement]));
  });
  afterAll(() => app.close());

  /** Holds like an answer that an API key pays for: alone, not in a batch. */
  const holdAlone = (ownerId: string) =>
    app.nest.get(UnitOfWork).run(async (tx) => {
      const holds = app.nest.get(HoldsService);
      const { id } = await holds.hold(tx, { ownerId, amount: 1 });
      await holds.capture(tx, id, 1, noteOf('spec', ownerId));
    });

  /** Charges twice, holds twice and captures twice at the same time, so that both share a statement. */
  const payTogether = async (ownerId: string) => {
    const note = noteOf('spec', ownerId);
    const [holds, captures] = [app.nest.get(BatchedHolds), app.nest.get(BatchedCaptures)];
    const { signal } = new AbortController();
    const holdIds = [uuidv7(), uuidv7()];
    await Promise.all(
      holdIds.map(() =>
        app.nest.get(ChargesService).pay({ ownerId, amount: 1, ...note }, signal, () => undefined),
      ),
    );
    await Promise.all(
      holdIds.map((holdId) => holds.hold({ ownerId, amount: 1, holdId }, () => undefined)),
    );
    const capture = { ownerId, amount: 1, note, turnBytes: 0 };
    await Promise.all(
      holdIds.map((holdId) => captures.capture({ ...capture, holdId }, () => undefined)),
    );
  };

  /** Runs everything that callers do often, and the background work. */
  const tour = async (ada: Caller) => {
    const credentials = { username: ada.username, password: PASSWORD };
    await app.newUser();
    await app.post('/api/login/', credentials);
    const { body: pair } = await app.post('/api/token/', credentials);
    await app.post('/api/token/refresh/', { refresh: pair.refresh });
    await ada.balance();
    await ada.chat('hello');
    await ada.chat('hello', { Accept: 'text/event-stream' });
    await holdAlone(await app.ownerOf(ada));
    await payTogether(await app.ownerOf(ada));
    const { headers } = await ada.chat('hello', { 'Idempotency-Key': 'k' });
    await ada.chat('hello', { 'Idempotency-Key': 'k' });
    const turn = String(headers['turn-id']);
    const conversation = `/api/conversations/${String(headers['conversation-id'])}`;
    await ada.send('POST', `${conversation}/messages/`, { message: 'go on' });
    for (const path of [`/api/chat/${turn}/`, '/api/wallet/', '/api/wallet/usage/', conversation]) {
      expect([path, (await ada.get(path)).status]).toEqual([path, 200]);
    }
    await getPage(ada, `${conversation}/messages/`);
    await getPage(ada, `/api/wallet/ledger/?turn=${turn}`);
    await ada.send('POST', `/api/chat/${turn}/stop/`);
    await app.nest.get(HoldStops).requestedStops();
    const lists = ['/api/chat/?', '/api/wallet/ledger/?', '/api/conversations/?'];
    for (const path of [...lists, '/api/conversations/?ordering=-updated_at&']) {
      let page = await getPage(ada, `${path}page_size=100`);
      // More than one page back. The database may sort the few rows of a shorter way.
      for (let n = 0; n < 5; n += 1) page = await getPage(ada, page.next ?? '');
      await getPage(ada, page.previous ?? '');
    }
    // A turn and a conversation that exist in no table any more.
    for (const path of ['/api/chat/', '/api/conversations/']) {
      await getPage(ada, `${path}?cursor=${UNKNOWN}`);
    }
    await ada.send('POST', '/api/wallet/redeem/', { code: 'unknown' });
    await app.database.rows(`UPDATE holds SET created_at = 1 WHERE claim_key = 'k7'`);
    await app.database.rows(
      `INSERT INTO holds (id, owner_id, amount, captured_amount, state, expires_at, created_at, process_id)
       SELECT 'overdue', id, 0, 0, 'open', 1, 1, 1 FROM users WHERE username = $1`,
      [ada.username],
    );
    await app.database.rows(
      `INSERT INTO holds (id, owner_id, amount, captured_amount, state, expires_at, created_at, resolved_at, process_id)
       SELECT 'given back', id, 1, 0, 'released', 1, 1, 1, 1 FROM users WHERE username = $1`,
      [ada.username],
    );
    await app.nest.get(HoldSweeper).sweep();
    await ada.send('POST', '/api/logout/');
  };

  it('include every hot statement', () => {
    const names = [...issued.values()].map(({ name }) => name);
    expect(HOT.filter((name) => !names.includes(name))).toEqual([]);
  });

  it('use an index, and do not sort what an index orders', async () => {
    const slow: Record<string, string[]> = {};
    let explained = 0;
    for (const statement of issued.values()) {
      if (!/\b(SELECT|UPDATE|DELETE)\b/.test(statement.sql)) continue;
      const plan = await planOf(app.database, statement);
      explained += 1;
      if (plan.some(isSlow)) slow[statement.name] = plan;
    }
    const excused = EXCUSED_ON[kind];
    expect(Object.entries(slow).filter(([name]) => !(name in excused))).toEqual([]);
    expect(Object.keys(slow).sort()).toEqual(Object.keys(excused).sort());
    expect(explained).toBeGreaterThan(HOT.length);
  });

  it.each([
    ['reads a table whole', 'SELECT * FROM turns WHERE message = $1', ['m']],
    ['sorts', 'SELECT * FROM turns WHERE owner_id = $1 ORDER BY response', ['x']],
  ])('do not pass the check if one of them %s', async (_, sql, parameters) => {
    expect((await planOf(app.database, { sql, parameters })).some(isSlow)).toBe(true);
  });
});
