import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { modelsOf } from '../support/models-file.js';
import { EventReader } from '../support/sse.js';
import { bounded, until } from '../support/until.js';
import { Upstream, type Behaviour, type UpstreamCall } from '../support/upstream.js';

/** The functions that let each gated answer continue. */
const gates = new Map<UpstreamCall, () => void>();
const given = new Set<UpstreamCall>();

/**
 * The maximum length of an answer, in characters that take 6 bytes of JSON. This is more than the sockets buffer.
 */
const FLOOD_DELTAS = 1000;
const FLOOD_TEXT = '\u0001'.repeat(3900);
const FLOOD_BYTES = FLOOD_DELTAS * FLOOD_TEXT.length * 6;

const BEHAVIOURS: Record<string, Behaviour> = {
  good: async (call) => {
    call.open();
    await call.delta('Hello\n');
    await call.delta('“there”');
    await call.finish();
    await call.usage(10, 5);
    await call.end();
  },
  gated: async (call) => {
    call.open();
    await call.delta('first ');
    await new Promise<void>((resolve) => gates.set(call, resolve));
    await call.delta('second');
    await call.finish();
    await call.end();
  },
  flood: async (call) => {
    call.open();
    for (let n = 0; n < FLOOD_DELTAS && !call.isAborted; n += 1) await call.delta(FLOOD_TEXT);
    await call.finish();
    await call.end();
  },
};

describe('POST /api/chat/ as a stream', () => {
  let upstream: Upstream;
  let app: TestApp;

  beforeAll(async () => {
    upstream = await Upstream.start(BEHAVIOURS);
    const limits = { contextTokens: 10_000_000, maxTokens: 5_000_000 };
    app = await TestApp.start(
      'sqlite',
      modelsOf(upstream.baseUrl, Object.keys(BEHAVIOURS), limits),
    );
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const open = (caller: Caller, model: string, headers: Record<string, string> = {}) =>
    EventReader.open(app.url, caller, { message: 'Hi', model, stream: true }, headers);

  /** Returns the newest call when its answer has reached its gate. */
  const gatedCall = async (): Promise<UpstreamCall> => {
    const isNew = (call: UpstreamCall) => gates.has(call) && !given.has(call);
    await until(() => upstream.calls.some(isNew));
    given.add(upstream.last);
    return upstream.last;
  };

  it('has headers that forbid proxies to buffer or change the stream', async () => {
    const ada = await app.newUser();
    const reader = await open(ada, 'flat:good');
    await reader.all();
    const { headers } = reader.incoming;
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-request-id': expect.any(String),
    });
    expect(headers['content-encoding']).toBeUndefined();
    expect(headers['content-length']).toBeUndefined();
  });

  it('sends a ping, the deltas, and one done event with all fields of the JSON answer', async () => {
    const ada = await app.newUser();
    const reader = await open(ada, 'flat:good');
    const events = await reader.all();
    expect(events.map(({ name }) => name)).toEqual([':', 'start', 'delta', 'delta', 'done']);
    const [turn] = (await ada.get('/api/chat/')).body.results;
    expect(events[1]?.content).toEqual({ turn: turn.id, conversation: turn.conversation });
    expect(events.at(-1)?.content).toEqual({
      message: 'Hi',
      response: 'Hello\n“there”',
      timestamp: turn.timestamp,
      turn: turn.id,
      conversation: turn.conversation,
      tokens_charged: 100,
      tokens_balance: 3900,
      finish_reason: 'stop',
    });
    expect(await reader.ended).toBe(true);
    expect(await ada.balance()).toBe(3900);
  });

  it('escapes characters that some clients take for line ends', async () => {
    const ada = await app.newUser();
    const message = 'a\u0085b\u2028c\u2029d';
    const reader = await EventReader.open(app.url, ada, { message, model: 'echo', stream: true });
    expect((await reader.all()).at(-1)?.content).toMatchObject({ message });
    expect(reader.raw).toContain(String.raw`a\u0085b\u2028c\u2029d`);
    expect(reader.raw).not.toMatch(/[\u0085\u2028\u2029]/);
  });

  it('forwards the first delta before the provider has sent the second', async () => {
    const ada = await app.newUser();
    const reader = await open(ada, 'flat:gated');
    const call = await gatedCall();
    expect((await reader.until('delta')).content).toEqual({ text: 'first ' });
    expect(reader.text).toBe('first ');
    expect(await ada.balance()).toBe(3900);
    expect(await ada.history()).toEqual([]);
    gates.get(call)?.();
    expect((await reader.until('done')).content).toMatchObject({ response: 'first second' });
    expect(await ada.balance()).toBe(3900);
  });

  it('pauses the provider while the client does not read, and continues when it reads', async () => {
    const ada = await app.newUser();
    const before = upstream.calls.length;
    const reader = await open(ada, 'flat:flood');
    reader.incoming.pause();
    await until(() => upstream.calls.length > before);
    const call = upstream.last;
    let sent = -1;
    await until(async () => {
      const stalled = sent === call.sentBytes;
      sent = call.sentBytes;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return stalled && sent > 0;
    });
    expect([sent < FLOOD_BYTES, call.isAborted]).toEqual([true, false]);
    expect(await ada.history()).toEqual([]);
    reader.incoming.resume();
    await reader.ended;
    expect(call.sentBytes).toBeGreaterThan(FLOOD_BYTES);
    expect(reader.text).toHaveLength(FLOOD_DELTAS * FLOOD_TEXT.length);
    expect(await ada.balance()).toBe(3900);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('cancels the call of the provider when its client has left', async () => {
    const ada = await app.newUser();
    const reader = await open(ada, 'flat:gated');
    const call = await gatedCall();
    await reader.until('delta');
    reader.leave();
    await bounded('the call of the provider', call.aborted);
    await until(async () => (await ada.history()).length === 1);
    expect(await ada.history()).toMatchObject([{ response: 'first ', status: 'aborted' }]);
    expect(await ada.balance()).toBe(3900);
  });

  it('continues if a client with a key has left, and replays the whole answer to its retry', async () => {
    const ada = await app.newUser();
    const key = { 'Idempotency-Key': 'come-back' };
    const before = await app.connections();
    const reader = await open(ada, 'flat:gated', key);
    const call = await gatedCall();
    await reader.until('delta');
    reader.leave();
    await until(async () => (await app.connections()) <= before);
    gates.get(call)?.();
    await until(async () => (await ada.history()).length === 1);
    const calls = upstream.calls.length;
    const retry = await open(ada, 'flat:gated', key);
    expect(retry.incoming.headers['idempotent-replayed']).toBe('true');
    expect((await retry.until('done')).content).toMatchObject({
      ...{ response: 'first second', tokens_charged: 100, tokens_balance: 3900 },
    });
    expect(retry.text).toBe('first second');
    expect(call.isAborted).toBe(false);
    expect(upstream.calls).toHaveLength(calls);
    expect(await ada.balance()).toBe(3900);
  });

  it('replays a plain answer as a stream, and as plain JSON', async () => {
    const ada = await app.newUser();
    const key = { 'Idempotency-Key': 'one' };
    const body = { message: 'Hi', model: 'flat:good' };
    const plain = await ada.send('POST', '/api/chat/', body, key);
    const streamed = await open(ada, 'flat:good', key);
    expect(streamed.incoming.headers['idempotent-replayed']).toBe('true');
    const { content } = await streamed.until('done');
    expect(content).toMatchObject(plain.body);
    expect([content.turn, streamed.text]).toEqual([plain.headers['turn-id'], plain.body.response]);
    const again = await ada.send('POST', '/api/chat/', body, key);
    expect([again.headers['idempotent-replayed'], again.raw]).toEqual(['true', plain.raw]);
    expect(await ada.balance()).toBe(3900);
    expect(await ada.history()).toHaveLength(1);
  });

  describe('refuses by plain HTTP, before the stream opens,', () => {
    const accept = { Accept: 'text/event-stream' };

    it.each([
      ['no message', { stream: true }, 400, {}],
      ['an unknown model', { message: 'Hi', model: 'nobody', stream: true }, 400, {}],
      ['a malformed key', { message: 'Hi', stream: true }, 400, { 'Idempotency-Key': '""' }],
      ['a wallet that is short', { message: 'Hi', stream: true }, 402, {}],
    ])('%s', async (name, body, status, headers) => {
      const ada = await app.newUser(status === 402 ? { tokens: 99 } : {});
      const before = upstream.calls.length;
      const answer = await ada.send('POST', '/api/chat/', body, { ...accept, ...headers });
      expect([name, answer.status]).toEqual([name, status]);
      expect(answer.headers['content-type']).toBe('application/json');
      expect(upstream.calls).toHaveLength(before);
      expect(await ada.history()).toEqual([]);
      expect(await ada.balance()).toBe(status === 402 ? 99 : 4000);
    });

    it('a caller without credentials', async () => {
      const answer = await app.post('/api/chat/', { message: 'Hi', stream: true }, accept);
      expect([answer.status, answer.body.code]).toEqual([401, 'not_authenticated']);
    });

    it('a key whose first request runs, and a key that had another body', async () => {
      const ada = await app.newUser();
      const headers = { ...accept, 'Idempotency-Key': 'busy' };
      const first = await open(ada, 'flat:gated', { 'Idempotency-Key': 'busy' });
      const call = await gatedCall();
      const body = { message: 'Hi', model: 'flat:gated', stream: true };
      const running = await ada.send('POST', '/api/chat/', body, headers);
      expect([running.status, running.body.code]).toEqual([409, 'idempotency_key_in_use']);
      expect(running.headers['retry-after']).toBe('1');
      const other = await ada.send('POST', '/api/chat/', { ...body, message: 'Ho' }, headers);
      expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
      gates.get(call)?.();
      await first.until('done');
      expect(await ada.balance()).toBe(3900);
      expect(await ada.history()).toHaveLength(1);
    });
  });
});
