import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrations } from '../../src/database/migrations.js';
import { createCodes } from '../support/discrepancies.js';
import type { Answer, Caller } from '../support/client.js';
import { createDatabase, databaseKinds } from '../support/databases.js';
import { byEffort } from '../support/effort.js';
import { Fleet, type Member } from '../support/fleet.js';
import { modelsOf } from '../support/models-file.js';
import { Upstream } from '../support/upstream.js';
import { until } from '../support/until.js';

const postgres = databaseKinds.filter((kind) => kind === 'postgres');
const READY = '/health/ready';
const CHATS_EACH = byEffort({ light: 30, full: 70 });
const REDEEM = '/api/wallet/redeem/';
/** Sooner than `Retry-After` asks, but not so often that the retries delay the answer. */
const RETRY_MS = 250;

describe.each(postgres)('three processes on one %s', (kind) => {
  let upstream: Upstream;
  let fleet: Fleet;
  let members: Member[];
  /** The model answers when this resolves. */
  let thinking: Promise<void> = Promise.resolve();

  beforeAll(async () => {
    upstream = await Upstream.start({
      counted: async (call) => {
        await thinking;
        await call.open().delta(`answer ${String(upstream.calls.length)}`);
        await call.finish();
        await call.end();
      },
    });
    fleet = await Fleet.on(kind, modelsOf(upstream.baseUrl, ['counted']), createDatabase);
    members = await Promise.all([fleet.start(), fleet.start(), fleet.start()]);
  });
  afterAll(async () => {
    await fleet.close();
    await upstream.stop();
  });

  const member = (index: number): Member => {
    const found = members[index];
    if (!found) throw new Error(`no process ${String(index)}`);
    return found;
  };

  /** Returns the same caller with a client of each process. */
  const everywhere = (caller: Caller) => members.map((member) => fleet.callerOn(member, caller));

  const count = (table: string, where: string, parameters: unknown[]) =>
    fleet.inspect((database) => database.count(table, where, parameters));

  const assertBalanced = () =>
    fleet.inspect(async (database) => {
      expect(await database.unbalancedWallets()).toEqual([]);
      expect(await database.differences()).toEqual([]);
    });

  it('start together on an empty database, which one of them migrates', async () => {
    const answers = await Promise.all(members.map(({ http }) => http.send({ path: READY })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const migrated = await fleet.inspect((database) =>
      database.rows<{ name: string }>('SELECT name FROM migrations ORDER BY id'),
    );
    expect(migrated.map(({ name }) => name)).toEqual(migrations.map(({ name }) => name));
  });

  it('answer exactly 40 of many simultaneous chats for 4,000 tokens', async () => {
    const ada = await fleet.newUser(member(0));
    const chats = everywhere(ada).flatMap((caller, where) =>
      Array.from({ length: CHATS_EACH }, (_, n) => caller.chat(`${String(n)} at ${String(where)}`)),
    );
    const statuses = (await Promise.all(chats)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(40);
    expect(statuses.filter((status) => status === 402)).toHaveLength(3 * CHATS_EACH - 40);
    const owner = `owner_id = (SELECT id FROM users WHERE username = $1)`;
    // Each call of the provider comes after a hold, so the calls are at most as many as the answers.
    for (const table of ['turns', 'holds']) {
      expect(await count(table, owner, [ada.username])).toBe(40);
    }
    expect(await ada.balance()).toBe(0);
    await assertBalanced();
  });

  const ask = (caller: Caller | undefined, key: string, message = 'once', signal?: AbortSignal) => {
    if (!caller) throw new Error('nobody asks');
    const body = { message, model: 'flat:counted' };
    return caller.send('POST', '/api/chat/', body, { 'Idempotency-Key': key }, signal);
  };

  /** Retries after a 409, as clients do. */
  const untilAnswered = async (caller: Caller | undefined, key: string): Promise<Answer> => {
    const answer = await ask(caller, key);
    if (answer.status !== 409) return answer;
    expect(answer.headers['retry-after']).toBe('1');
    await sleep(RETRY_MS);
    return untilAnswered(caller, key);
  };

  it('make one call, one charge and one answer for a key that is sent to all of them', async () => {
    const ada = await fleet.newUser(member(1));
    const calls = upstream.calls.length;
    const callers = everywhere(ada).flatMap((caller) => Array.from({ length: 7 }, () => caller));
    const answers = await Promise.all(callers.map((caller) => untilAnswered(caller, 'everywhere')));
    expect(new Set(answers.map(({ status, raw }) => `${String(status)} ${raw}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
    expect(new Set(answers.map(({ headers }) => headers['turn-id'])).size).toBe(1);
    expect(answers.filter(({ headers }) => !headers['idempotent-replayed'])).toHaveLength(1);
    expect(upstream.calls).toHaveLength(calls + 1);
    expect(await ada.balance()).toBe(3900);
    expect(await ada.history()).toHaveLength(1);
    await assertBalanced();
  });

  it('give an undelivered answer to a retry on another process, with one call', async () => {
    const [here, there, elsewhere] = everywhere(await fleet.newUser(member(0)));
    const calls = upstream.calls.length;
    let answerNow: () => void = () => undefined;
    thinking = new Promise((resolve) => (answerNow = resolve));
    const cut = new AbortController();
    const lost = expect(ask(here, 'cut', 'once', cut.signal)).rejects.toThrow('aborted');
    await until(() => upstream.calls.length > calls);
    cut.abort();
    await lost;
    const running = await ask(there, 'cut');
    expect([running.status, running.body.code]).toEqual([409, 'idempotency_key_in_use']);
    answerNow();
    const answer = await untilAnswered(there, 'cut');
    expect([answer.status, answer.headers['idempotent-replayed']]).toEqual([200, 'true']);
    const other = await ask(elsewhere, 'cut', 'something else');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    expect(upstream.calls).toHaveLength(calls + 1);
    expect(await elsewhere?.balance()).toBe(3900);
    expect(await elsewhere?.history()).toHaveLength(1);
    await assertBalanced();
  });

  it('credit one code once, on any process', async () => {
    const callers = await Promise.all(members.map((member) => fleet.newUser(member)));
    const [code] = await fleet.inspect((database) => createCodes(database, 1, 250));
    const answers = await Promise.all(
      callers.flatMap(everywhere).map((caller) => caller.send('POST', REDEEM, { code })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array.from({ length: 8 }, () => 400)]);
    const balances = await Promise.all(callers.map((caller) => caller.balance()));
    expect(balances.sort()).toEqual([4000, 4000, 4250]);
    await assertBalanced();
  });

  it('refuse a credential right after another process revoked it', async () => {
    const ada = await fleet.newUser(member(2));
    const [here, there, elsewhere] = everywhere(ada);
    expect(await there?.balance()).toBe(4000);
    expect((await here?.send('POST', '/api/logout/'))?.status).toBe(204);
    for (const caller of [here, there, elsewhere]) {
      expect((await caller?.chat('let me in'))?.status).toBe(401);
    }
    await assertBalanced();
  });
});
