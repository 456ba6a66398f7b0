import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { makeKey, usedOf } from '../support/api-keys.js';
import { Caller } from '../support/client.js';
import type { DatabaseKind } from '../support/databases.js';
import { describeOn } from '../support/describe-on.js';
import { byEffort } from '../support/effort.js';
import { Fleet, type Member } from '../support/fleet.js';
import { modelsOf } from '../support/models-file.js';
import { until } from '../support/until.js';
import { Upstream } from '../support/upstream.js';

const notSent = () => Promise.reject(new Error('nobody asks'));
const CHATS = byEffort({ light: 40, full: 100 });
const ROOM = 7;

const suite = (kind: DatabaseKind): void => {
  let upstream: Upstream;
  let fleet: Fleet;
  let members: Member[];

  beforeAll(async () => {
    upstream = await Upstream.start({
      good: async (call) => {
        await call.open().delta('answer');
        await call.finish();
        await call.end();
      },
      hangs: () => undefined,
    });
  });
  afterAll(() => upstream.stop());
  beforeAll(async () => {
    const models = modelsOf(upstream.baseUrl, ['good', 'hangs']);
    fleet = await Fleet.on(kind, { ...models, OPENING_GRANT: '100000' });
    // On SQLite only one process serves.
    members = [await fleet.start()];
    if (kind === 'postgres') members.push(...(await Promise.all([fleet.start(), fleet.start()])));
  });
  afterAll(() => fleet.close());

  const first = (): Member => {
    const [member] = members;
    if (!member) throw new Error('no process');
    return member;
  };
  const everywhere = (secret: string, username: string) =>
    members.map(({ http }) => new Caller(http, secret, username));
  const assertExplained = () =>
    fleet.inspect(async (database) => {
      expect(await database.differences()).toEqual([]);
      expect(await database.unbalancedWallets()).toEqual([]);
    });

  it.each(['echo', 'flat:good'])(
    `gets exactly 7 of ${String(CHATS)} simultaneous chats answered by %s`,
    async (model) => {
      const ada = await fleet.newUser(first());
      const key = await makeKey(first().http, ada, { limit: ROOM * 100 + 99 });
      const callers = everywhere(key.secret, ada.username);
      const calls = upstream.calls.length;
      const chats = Array.from({ length: CHATS }, (_, n) => callers[n % callers.length]).map(
        (caller) => caller?.send('POST', '/api/chat/', { message: 'hi', model }) ?? notSent(),
      );
      const statuses = (await Promise.all(chats)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(ROOM);
      expect(statuses.filter((status) => status === 402)).toHaveLength(CHATS - ROOM);
      expect(upstream.calls.length - calls).toBe(model === 'echo' ? 0 : ROOM);
      expect(await usedOf(ada, key)).toBe(ROOM * 100);
      expect(await ada.balance()).toBe(100_000 - ROOM * 100);
      await assertExplained();
    },
  );

  it('is refused by every process after it is rotated or deleted', async () => {
    const ada = await fleet.newUser(first());
    const key = await makeKey(first().http, ada);
    const statuses = async (secret: string) => {
      const callers = everywhere(secret, ada.username);
      return Promise.all(callers.map(async (caller) => (await caller.chat('hi')).status));
    };
    const all = (status: number) => members.map(() => status);
    expect(await statuses(key.secret)).toEqual(all(200));
    const { body } = await ada.send('POST', `/api/keys/${key.id}/rotate/`, { overlap_seconds: 0 });
    expect(await statuses(key.secret)).toEqual(all(401));
    expect(await statuses(body.key as string)).toEqual(all(200));
    expect((await ada.send('DELETE', `/api/keys/${key.id}/`)).status).toBe(204);
    expect(await statuses(body.key as string)).toEqual(all(401));
    expect(await ada.history()).toHaveLength(2 * members.length);
  });

  // This must be the last case, because it kills a process.
  it('gets back the holds of a killed process', async () => {
    const ada = await fleet.newUser(first());
    const key = await makeKey(first().http, ada, { limit: 1000 });
    const body = { message: 'hi', model: 'flat:hangs' };
    const lost = Promise.allSettled(
      Array.from({ length: 3 }, () => key.caller.send('POST', '/api/chat/', body)),
    );
    await until(async () => (await usedOf(ada, key)) === 300);
    first().service.kill('SIGKILL');
    await lost;
    const next = kind === 'postgres' ? members[1] : await fleet.start();
    if (!next) throw new Error('no other process');
    const there = fleet.callerOn(next, ada);
    await until(async () => (await usedOf(there, key)) === 0);
    expect(await there.balance()).toBe(100_000);
    expect(await there.history()).toEqual([]);
    await assertExplained();
  });
};

export const capsSuite = (kind: DatabaseKind): void => {
  describeOn(kind, 'a key with a cap on several processes', suite);
};
