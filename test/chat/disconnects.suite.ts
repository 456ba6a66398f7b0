import { request, type ClientRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { AuthenticationGate } from '../support/authentication-gate.js';
import type { Caller } from '../support/client.js';
import type { DatabaseKind } from '../support/databases.js';
import { describeOn } from '../support/describe-on.js';
import { itLightOnSqlite } from '../support/full-effort.js';
import { modelsOf } from '../support/models-file.js';
import { EventReader } from '../support/sse.js';
import { Upstream, type Behaviour } from '../support/upstream.js';
import { until } from '../support/until.js';

/** Usually enough time for a request to pass authentication and reach the hold, where a lock makes it wait. */
const ARRIVAL_MS = 300;
/**
 * The maximum length of an answer, in characters that take 6 bytes of JSON. This is more than the sockets buffer.
 */
const FLOOD_DELTAS = 1000;
const FLOOD_TEXT = '\u0001'.repeat(3900);

const BEHAVIOURS: Record<string, Behaviour> = {
  flood: async (call) => {
    call.open();
    for (let n = 0; n < FLOOD_DELTAS && !call.isAborted; n += 1) await call.delta(FLOOD_TEXT);
    await call.finish();
    await call.end();
  },
};

const disconnects = (kind: DatabaseKind): void => {
  let upstream: Upstream;
  let app: TestApp;

  beforeAll(async () => {
    upstream = await Upstream.start(BEHAVIOURS);
    const limits = { contextTokens: 10_000_000, maxTokens: 1_000_000 };
    app = await TestApp.start(kind, {
      ...modelsOf(upstream.baseUrl, Object.keys(BEHAVIOURS), limits),
      // Long enough that even a slow machine has produced more than the sockets buffer.
      ANSWER_TIMEOUT_SECONDS: '20',
    });
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const settled = async (caller: Caller) => {
    await until(async () => (await caller.history()).length !== 0);
    expect(await app.database.count('holds', `state = 'open'`)).toBe(0);
    expect(await app.database.unbalancedWallets()).toEqual([]);
    return caller.history();
  };

  const ask = ({ token }: Caller, path: string, body: object): ClientRequest => {
    const outgoing = request(app.url + path, {
      method: 'POST',
      agent: false,
      headers: { Authorization: `Token ${token}`, 'Content-Type': 'application/json' },
    });
    outgoing.on('error', () => undefined);
    outgoing.end(JSON.stringify(body));
    return outgoing;
  };

  const messages = [{ role: 'user', content: 'Hi' }];

  it.each([
    ['/api/chat/', { message: 'Hi', model: 'flat:flood' }],
    ['/api/chat/', { message: 'Hi', model: 'metered:flood', stream: true }],
    ['/v1/chat/completions', { messages, model: 'metered:flood' }],
    ['/v1/chat/completions', { messages, model: 'flat:flood', stream: true }],
  ])('pays nothing if it left during authentication: POST %s %j', async (path, body) => {
    const ada = await app.newUser();
    const [before, calls] = [await app.connections(), upstream.calls.length];
    const gate = new AuthenticationGate(app.nest);
    const outgoing = ask(ada, path, body);
    await gate.reached;
    outgoing.destroy();
    await until(async () => (await app.connections()) <= before);
    gate.open();
    expect(await settled(ada)).toMatchObject([{ status: 'aborted', response: '', tokens: 0 }]);
    expect(upstream.calls).toHaveLength(calls);
    const isCharge = `owner_id = $1 AND kind = 'charge'`;
    const owner = await app.ownerOf(ada);
    expect(await app.database.count('ledger_entries', isCharge, [owner])).toBe(0);
    expect(await ada.balance()).toBe(4000);
  });

  it.each([
    ['/api/chat/', { message: 'Hi', model: 'metered:flood' }],
    ['/api/chat/', { message: 'Hi', model: 'echo' }],
    ['/v1/chat/completions', { messages, model: 'echo' }],
  ])('pays nothing if it left before the provider was called: POST %s %j', async (path, body) => {
    const ada = await app.newUser();
    const [before, calls] = [await app.connections(), upstream.calls.length];
    await app.database.inTransaction(async (rows) => {
      await rows('UPDATE wallets SET held = held');
      const gate = new AuthenticationGate(app.nest);
      const outgoing = ask(ada, path, body);
      await gate.reached;
      gate.open();
      await sleep(ARRIVAL_MS);
      outgoing.destroy();
      await until(async () => (await app.connections()) <= before);
    });
    expect(await settled(ada)).toMatchObject([{ status: 'aborted', response: '', tokens: 0 }]);
    expect(upstream.calls).toHaveLength(calls);
    expect(await ada.balance()).toBe(4000);
  });

  // This case waits for the whole time limit, so a light run tries it only on SQLite.
  const itOnce = itLightOnSqlite(kind);
  itOnce(
    'pays for what was produced if it reads too slowly and the time limit is reached',
    async () => {
      const ada = await app.newUser();
      const body = { message: 'Hi', model: 'flat:flood', stream: true };
      const reader = await EventReader.open(app.url, ada, body);
      reader.incoming.pause();
      await until(() => upstream.calls.length === 1);
      await upstream.last.aborted;
      const [turn] = await settled(ada);
      expect(turn).toMatchObject({ status: 'aborted', tokens: 100 });
      expect(turn?.response.length).toBeGreaterThan(0);
      reader.incoming.resume();
      expect(await reader.until('error')).toMatchObject({ content: { code: 'answer_not_read' } });
      expect(reader.raw).not.toContain('event: done');
      expect(await ada.balance()).toBe(3900);
    },
  );
};

/** The cases of `disconnects` on one database. */
export function disconnectsSuite(kind: DatabaseKind): void {
  describeOn(kind, 'A client that leaves, or does not read,', disconnects);
}
