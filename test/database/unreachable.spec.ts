import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { TestApp } from '../support/app.js';
import {
  createDatabase,
  databaseKinds,
  Inspector,
  type DatabaseKind,
} from '../support/databases.js';
import { embed } from '../support/embeddings.js';
import {
  answerAtOnce,
  balancedLedgerState,
  readLedgerState,
  Gate,
} from '../support/gated-answers.js';
import { itAtFullEffort } from '../support/full-effort.js';
import { modelsOf } from '../support/models-file.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { ConnectionHolder } from '../support/connection-holder.js';
import { PgBouncer, hasPgBouncer } from '../support/pgbouncer.js';
import { Pooler } from '../support/pooler.js';
import { until } from '../support/until.js';
import { Upstream, type Behaviour } from '../support/upstream.js';

const postgres = databaseKinds.filter((kind) => kind === 'postgres');
const PRICE = 100;
const GRANT = 4000;

let gate: Gate;
let upstream: Upstream;
let app: TestApp;

async function serve(url: string, settings: Record<string, string> = {}): Promise<void> {
  gate = new Gate();
  const vector: Behaviour = async (call) => {
    await gate.opened;
    await embed(call);
  };
  upstream = await Upstream.start({ gated: gate.behaviour, quick: answerAtOnce, vector });
  const models = modelsOf(upstream.baseUrl, ['gated', 'quick', 'vector']);
  app = await TestApp.start('postgres', { ...models, ...settings, DATABASE_URL: url });
}

async function stopServing(): Promise<void> {
  await app.close();
  await upstream.stop();
}

describe.each(postgres)('while %s is away', () => {
  let server: OwnPostgres;

  beforeEach(async () => {
    server = await OwnPostgres.start();
    await serve(server.url);
  });
  afterEach(async () => {
    await stopServing();
    await server.remove();
  });

  it('answers 503 on every API; settles an answer under way when it is back, and replays it', async () => {
    const ada = await app.newUser();
    const ask = { message: 'hi', model: 'flat:gated' };
    const keyed = { 'Idempotency-Key': 'one' };
    const answer = ada.send('POST', '/api/chat/', ask, keyed);
    await until(() => upstream.calls.length === 1);
    const warned = jest.spyOn(Logger.prototype, 'warn');
    await server.stop();
    const unavailable = { detail: 'The database does not answer.', code: 'unavailable' };
    const refused = [
      await ada.chat('hello'),
      await ada.get('/api/token-balance/'),
      await ada.get('/api/conversations/'),
      await app.post('/api/login/', { username: ada.username, password: 'Wr0ng-pass-1' }),
      await app.post('/api/register/', { username: 'bob', password: 'Str0ng-pass-1' }),
    ];
    for (const { status, body, headers } of refused) {
      expect([status, body]).toEqual([503, unavailable]);
      expect(headers['retry-after']).toBe('1');
    }
    const messages = [{ role: 'user', content: 'hi' }];
    const v1 = await ada.send('POST', '/v1/chat/completions', { model: 'echo', messages });
    expect([v1.status, v1.headers['retry-after']]).toEqual([503, '1']);
    expect(v1.body).toMatchObject({ error: { code: 'unavailable', type: 'server_error' } });
    gate.open();
    await sleep(300);
    await server.startAgain();
    const { status, body } = await answer;
    expect([status, (body as { response: string }).response]).toEqual([200, 'Hello']);
    // The poll for stops runs four times a second and must not log the outage again.
    expect(warned.mock.calls).toEqual([]);
    warned.mockRestore();
    const replay = await ada.send('POST', '/api/chat/', ask, keyed);
    expect([replay.status, replay.body]).toEqual([200, body]);
    expect(replay.headers['idempotent-replayed']).toBe('true');
    expect(upstream.calls).toHaveLength(1);
    expect(await ada.balance()).toBe(GRANT - PRICE);
    expect(await readLedgerState(server.url)).toEqual(balancedLedgerState(1));
  });

  it('loses and double-charges nothing under load, and recovers by itself', async () => {
    const first = await app.newUser();
    const callers = [first, await app.newUser(), await app.newUser()];
    let isOver = false;
    let keys = 0;
    const seen = new Set<number>();
    const hand = async (caller: (typeof callers)[number]): Promise<number> => {
      let answered = 0;
      while (!isOver) {
        keys += 1;
        const headers = { 'Idempotency-Key': `k${String(keys)}` };
        const ask = { message: 'hi', model: 'flat:quick' };
        for (let status = 0; status !== 200;) {
          status = (await caller.send('POST', '/api/chat/', ask, headers)).status;
          seen.add(status);
          if (status === 402) return answered;
          if (status !== 200) await sleep(50);
        }
        answered += 1;
      }
      return answered;
    };
    const hands = callers.flatMap((caller) => [hand(caller), hand(caller)]);
    for (let times = 0; times < 2; times += 1) {
      await sleep(150);
      await server.stop();
      // All chats may be at the end of their answers, which wait until the database is back.
      seen.add((await first.get('/api/token-balance/')).status);
      await sleep(150);
      await server.startAgain();
    }
    await sleep(300);
    isOver = true;
    const answered = (await Promise.all(hands)).reduce((sum, one) => sum + one, 0);
    expect(seen).toContain(503);
    expect(seen).not.toContain(500);
    // The next sweep releases the holds of commits whose result is unknown.
    await until(async () => (await Promise.all(callers.map(heldOf))).every((held) => held === 0));
    expect(await readLedgerState(server.url)).toEqual(balancedLedgerState(answered));
    const left = await Promise.all(callers.map((caller) => caller.balance()));
    expect(left.reduce((sum, one) => sum + one, 0)).toBe(3 * GRANT - answered * PRICE);
  });

  const heldOf = async ({ username }: { username: string }): Promise<number> => {
    const look = await Inspector.open(server.url);
    const sql = `SELECT held FROM wallets JOIN users ON users.id = owner_id WHERE username = $1`;
    const [wallet] = await look.rows<{ held: number }>(sql, [username]);
    await look.close();
    return wallet?.held ?? 0;
  };
});

async function expectRefusal(
  kind: DatabaseKind,
  start: (url: string) => Promise<Pooler | PgBouncer>,
): Promise<void> {
  const owned = await createDatabase(kind);
  const pooler = await start(owned.url);
  await expect(TestApp.start(kind, { DATABASE_URL: pooler.url })).rejects.toThrow(
    /^DATABASE_URL leads through a pooler in transaction mode, .* session mode$/,
  );
  await pooler.stop();
  await owned.drop();
}

describe.each(postgres)('a pooler before %s', (kind) => {
  it('works in session mode; a commit with an unknown result is not charged twice', async () => {
    const owned = await createDatabase(kind);
    const pooler = await Pooler.start(owned.url, 'session');
    await serve(pooler.url);
    const ada = await app.newUser();
    const ask = { message: 'hi', model: 'flat:gated' };
    const answer = ada.send('POST', '/api/chat/', ask, { 'Idempotency-Key': 'one' });
    await until(() => upstream.calls.length === 1);
    pooler.cutsNextCommit = true;
    gate.open();
    expect((await answer).status).toBe(200);
    expect(pooler.cutsNextCommit).toBe(false);
    expect(await ada.balance()).toBe(GRANT - PRICE);
    expect(await readLedgerState(owned.url)).toEqual(balancedLedgerState(1));
    await stopServing();
    await pooler.stop();
    await owned.drop();
  });

  it('is refused in transaction mode, with one sentence that gives the reason', async () => {
    await expectRefusal(kind, (url) => Pooler.start(url, 'transaction'));
  });
});

const describePgBouncer = hasPgBouncer ? describe.each(postgres) : describe.skip.each(postgres);
describePgBouncer('PgBouncer before %s (skipped where it is not installed)', (kind) => {
  itAtFullEffort('works in session mode and charges what was answered', async () => {
    const owned = await createDatabase(kind);
    const pooler = await PgBouncer.start(owned.url, 'session');
    await serve(pooler.url);
    const ada = await app.newUser();
    const ask = { message: 'hi', model: 'flat:quick' };
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => ada.send('POST', '/api/chat/', ask)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await ada.balance()).toBe(GRANT - 12 * PRICE);
    expect(await readLedgerState(owned.url)).toEqual(balancedLedgerState(12));
    await stopServing();
    await pooler.stop();
    await owned.drop();
  });

  it('is refused in transaction mode, with one sentence that gives the reason', async () => {
    await expectRefusal(kind, (url) => PgBouncer.start(url, 'transaction'));
  });
});

describe.each(postgres)('%s without a free connection', () => {
  it('is 503 and charges nothing; an answer under way is settled when a connection is free', async () => {
    const server = await OwnPostgres.start('max_connections=10');
    await serve(server.url);
    const ada = await app.newUser();
    const ask = { message: 'hi', model: 'flat:gated' };
    const keyed = { 'Idempotency-Key': 'one' };
    const answer = ada.send('POST', '/api/chat/', ask, keyed);
    const vector = ada.send('POST', '/v1/embeddings', { model: 'flat:vector', input: 'hi' });
    await until(() => upstream.calls.length === 2);
    const others = await ConnectionHolder.takeAll(server.url);
    const refused = await Promise.all(Array.from({ length: 8 }, () => ada.chat('hello')));
    for (const { status, headers } of refused) {
      expect([status, headers['retry-after']]).toEqual([503, '1']);
    }
    expect((await ada.get('/api/token-balance/')).status).toBe(503);
    gate.open();
    await sleep(300);
    await others.end();
    expect([(await answer).status, (await vector).status]).toEqual([200, 200]);
    const replay = await ada.send('POST', '/api/chat/', ask, keyed);
    expect([replay.status, replay.headers['idempotent-replayed']]).toEqual([200, 'true']);
    expect((await ada.chat('hello')).status).toBe(200);
    expect(await ada.balance()).toBe(GRANT - 3 * PRICE);
    expect(await readLedgerState(server.url)).toEqual({ ...balancedLedgerState(3), turns: 2 });
    await stopServing();
    await server.remove();
  });
});
