import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request, type ClientRequest } from 'node:http';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { modelsOf } from '../support/models-file.js';
import { EventReader } from '../support/sse.js';
import { until } from '../support/until.js';
import { Upstream, type Behaviour, type UpstreamCall } from '../support/upstream.js';

const MESSAGE = 'How are you?';
/** By our estimate, the message has 4 model tokens, and 12 bytes at 3 each. "Hello " has 6 bytes. */
const PROMPT = 8;
const HELLO = 2;
const [PER_PROMPT, PER_COMPLETION] = [1, 2];

/** Sends "Hello ", and then waits until the caller has left. */
const answersUntilClosed: Behaviour = async (call) => {
  call.open();
  await call.delta('Hello ');
};

const BEHAVIOURS: Record<string, Behaviour> = {
  complete: async (call) => {
    call.open();
    await call.delta('Hello ');
    await call.delta('there');
    await call.finish();
    await call.usage(10, 5);
    await call.end();
  },
  silent: (call) => {
    call.open();
  },
  thinks: async (call) => {
    call.open();
    await call.event({ choices: [{ index: 0, delta: { reasoning_content: 'Hello ' } }] });
  },
  empty: async (call) => {
    call.open();
    await call.finish();
    await call.usage(10, 0);
    await call.end();
  },
  'talks-on': answersUntilClosed,
  'fails-at-once': (call) => {
    call.open(500, 'application/json').response.end('{}');
  },
  'fails-midway': async (call) => {
    await answersUntilClosed(call);
    call.response.end();
  },
};

interface Charge {
  readonly kind: string;
  readonly amount: number;
  readonly balance_after: number;
  readonly turn: string;
}

describe.each(databaseKinds)('the price of an answer on %s', (kind) => {
  let upstream: Upstream;
  let app: TestApp;

  beforeAll(async () => {
    upstream = await Upstream.start(BEHAVIOURS);
    const models = modelsOf(upstream.baseUrl, Object.keys(BEHAVIOURS));
    app = await TestApp.start(kind, models);
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const chat = (caller: Caller, model: string) =>
    caller.send('POST', '/api/chat/', { message: MESSAGE, model });

  const stream = (caller: Caller, model: string, headers: Record<string, string> = {}) =>
    EventReader.open(app.url, caller, { message: MESSAGE, model, stream: true }, headers);

  /** Returns the next call after `before` others. */
  const nextCall = async (before: number): Promise<UpstreamCall> => {
    await until(() => upstream.calls.length > before);
    return upstream.last;
  };

  const charges = async (caller: Caller): Promise<Charge[]> => {
    const { results } = (await caller.get('/api/wallet/ledger/')).body as { results: Charge[] };
    return results.filter((entry) => entry.kind === 'charge');
  };

  /** Waits for the turn. Checks that the ledger has this price once, and that the history has this answer. */
  const settlesAt = async (caller: Caller, amount: number, status: string, response: string) => {
    await until(async () => (await caller.history()).length > 0);
    const [turn, ...others] = (await caller.get('/api/chat/')).body.results;
    expect(others).toEqual([]);
    expect(turn).toMatchObject({ status, response, tokens: amount });
    const expected = { amount: -amount, balance_after: 4000 - amount, turn: turn.id };
    expect(await charges(caller)).toMatchObject(amount > 0 ? [expected] : []);
    expect(await caller.balance()).toBe(4000 - amount);
    expect(await app.database.count('holds', `state = 'open'`)).toBe(0);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  };

  const METERED_COMPLETE = 10 * PER_PROMPT + 5 * PER_COMPLETION;
  const METERED_CUT = PROMPT * PER_PROMPT + HELLO * PER_COMPLETION;

  it.each([
    ['flat', 100],
    ['metered', METERED_COMPLETE],
  ])('that is complete, with a %s price, is %i', async (price, amount) => {
    const ada = await app.newUser();
    expect((await chat(ada, `${price}:complete`)).status).toBe(200);
    await settlesAt(ada, amount, 'complete', 'Hello there');
  });

  it.each([
    ['flat', 100],
    ['metered', METERED_COMPLETE],
  ])(
    'whose client left right after the last byte, with a %s price, is %i',
    async (price, amount) => {
      const ada = await app.newUser();
      const reader = await stream(ada, `${price}:complete`);
      await reader.until('done');
      reader.leave();
      await settlesAt(ada, amount, 'complete', 'Hello there');
    },
  );

  it.each([
    ['flat', 100],
    ['metered', PROMPT * PER_PROMPT],
  ])('whose client left before the first output, with a %s price, is %i', async (price, amount) => {
    const ada = await app.newUser();
    const before = upstream.calls.length;
    const reader = await stream(ada, `${price}:silent`);
    const call = await nextCall(before);
    reader.leave();
    await call.aborted;
    await settlesAt(ada, amount, 'aborted', '');
    expect(upstream.calls).toHaveLength(before + 1);
  });

  it.each([
    ['flat', 100],
    ['metered', METERED_CUT],
  ])('whose client left during the reasoning, with a %s price, is %i', async (price, amount) => {
    const ada = await app.newUser();
    const before = upstream.calls.length;
    const reader = await stream(ada, `${price}:thinks`);
    await reader.until('reasoning');
    reader.leave();
    await (
      await nextCall(before)
    ).aborted;
    await settlesAt(ada, amount, 'aborted', '');
  });

  it.each([
    ['flat', 0],
    ['metered', 10 * PER_PROMPT],
  ])('that is empty, with a %s price, is %i', async (price, amount) => {
    const ada = await app.newUser();
    expect((await chat(ada, `${price}:empty`)).status).toBe(200);
    await settlesAt(ada, amount, 'complete', '');
  });

  it.each([
    ['flat', 100],
    ['metered', METERED_CUT],
  ])('whose client left in the middle, with a %s price, is %i', async (price, amount) => {
    const ada = await app.newUser();
    const before = upstream.calls.length;
    const reader = await stream(ada, `${price}:talks-on`);
    await reader.until('delta');
    reader.leave();
    await (
      await nextCall(before)
    ).aborted;
    await settlesAt(ada, amount, 'aborted', 'Hello ');
  });

  it.each([
    ['flat', 100],
    ['metered', PROMPT * PER_PROMPT],
  ])(
    'whose client left while it waited for plain JSON, with a %s price, is %i',
    async (price, amount) => {
      const ada = await app.newUser();
      const before = upstream.calls.length;
      const outgoing = askPlainly(ada, `${price}:silent`);
      const call = await nextCall(before);
      outgoing.destroy();
      await call.aborted;
      await settlesAt(ada, amount, 'aborted', '');
    },
  );

  const askPlainly = ({ token }: Caller, model: string): ClientRequest => {
    const headers = { Authorization: `Token ${token}`, 'Content-Type': 'application/json' };
    const outgoing = request(`${app.url}/api/chat/`, { method: 'POST', headers });
    outgoing.on('error', () => undefined);
    outgoing.end(JSON.stringify({ message: MESSAGE, model }));
    return outgoing;
  };

  it.each([
    ['flat', 'fails-at-once', ''],
    ['flat', 'fails-midway', 'Hello '],
    ['metered', 'fails-at-once', ''],
    ['metered', 'fails-midway', 'Hello '],
  ])(
    'whose provider fails, with a %s price and the failure %s, is 0',
    async (price, behaviour, produced) => {
      const ada = await app.newUser();
      expect((await chat(ada, `${price}:${behaviour}`)).status).toBe(502);
      await settlesAt(ada, 0, 'failed', produced);
    },
  );

  it.each([
    ['flat', 100],
    ['metered', METERED_COMPLETE],
  ])('that is replayed, with a %s price, stays %i', async (price, amount) => {
    const ada = await app.newUser();
    const before = upstream.calls.length;
    const body = { message: MESSAGE, model: `${price}:complete` };
    const keyed = { 'Idempotency-Key': 'again' };
    const answers = [];
    for (let n = 0; n < 3; n += 1) {
      answers.push(await ada.send('POST', '/api/chat/', body, keyed));
    }
    expect(answers.map(({ headers }) => headers['tokens-charged'])).toEqual(
      Array(3).fill(String(amount)),
    );
    const streamed = await stream(ada, `${price}:complete`, keyed);
    expect((await streamed.until('done')).content).toMatchObject({ tokens_charged: amount });
    expect([streamed.text, streamed.incoming.headers['idempotent-replayed']]).toEqual([
      'Hello there',
      'true',
    ]);
    expect(upstream.calls).toHaveLength(before + 1);
    await settlesAt(ada, amount, 'complete', 'Hello there');
  });
});
