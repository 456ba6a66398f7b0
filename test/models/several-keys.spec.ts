import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { TestApp } from '../support/app.js';
import type { Answer, Caller } from '../support/client.js';
import { modelsFile } from '../support/models-file.js';
import { Upstream, type Behaviour, type UpstreamCall } from '../support/upstream.js';

const KEYS = { KEY_ONE: 'sk-the-first-of-two-keys', KEY_TWO: 'sk-the-second-of-two-keys' };
const REST_SECONDS = 60;

const answer = async (call: UpstreamCall) => {
  call.open();
  await call.delta('Hello');
  await call.finish();
  await call.usage(10, 5);
  await call.end();
};
const refuse =
  (status: number, message = 'no'): Behaviour =>
  (call) => {
    call.open(status, 'application/json').response.end(JSON.stringify({ error: { message } }));
  };
/** Refuses the first key. Answers calls with another key. */
const refuseOne =
  (status: number, message?: string): Behaviour =>
  (call) => {
    const isFirst = call.headers.authorization === `Bearer ${KEYS.KEY_ONE}`;
    return (isFirst ? refuse(status, message) : answer)(call);
  };

describe('a provider with several keys or addresses', () => {
  let upstream: Upstream;
  let twin: Upstream;
  let app: TestApp;
  let ada: Caller;
  let bob: Caller;
  let statuses: number[] = [];

  beforeAll(async () => {
    const stoppedUpstream = await Upstream.start({});
    await stoppedUpstream.stop();
    const behaviours: Record<string, Behaviour> = {
      good: answer,
      'one-401': refuseOne(401),
      'one-429': refuseOne(429),
      'one-gemini': refuseOne(400, 'API key not valid. Please pass a valid API key.'),
      ...Object.fromEntries([400, 401, 404, 429, 500].map((s) => [`all-${String(s)}`, refuse(s)])),
      cut: async (call) => {
        call.open();
        await call.delta('Hel');
        call.reset();
      },
      listed: (call) => {
        const status = statuses.shift();
        return (status === undefined ? answer : refuse(status))(call);
      },
    };
    upstream = await Upstream.start(behaviours);
    twin = await Upstream.start({ ...behaviours, 'all-500': answer, 'all-404': answer });
    const model = (provider: string, name: string) => ({
      ...{ id: `${provider}:${name}`, provider, upstream: name, price: { perMessage: 10 } },
      ...{ contextTokens: 4000, maxTokens: 100 },
    });
    app = await TestApp.start('sqlite', {
      ...modelsFile({
        providers: {
          keys: { baseUrl: upstream.baseUrl, apiKeyEnv: Object.keys(KEYS) },
          places: { baseUrl: [upstream.baseUrl, twin.baseUrl] },
          halves: { baseUrl: [stoppedUpstream.baseUrl, twin.baseUrl] },
          single: { baseUrl: upstream.baseUrl },
        },
        models: [
          ...Object.keys(behaviours).map((name) => model('keys', name)),
          ...['good', 'all-500', 'all-404'].map((name) => model('places', name)),
          model('halves', 'good'),
          model('single', 'listed'),
          model('single', 'all-500'),
        ],
      }),
      ...KEYS,
      PROVIDER_REST_SECONDS: String(REST_SECONDS),
    });
    ada = await app.newUser();
    bob = await app.newUser();
  });
  afterEach(() => {
    jest.restoreAllMocks();
    statuses = [];
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
    await twin.stop();
  });

  interface Asked {
    readonly answer: Answer;
    /** The keys that were tried, and at which of the two addresses, in order. */
    readonly tried: (string | undefined)[];
    readonly charged: number;
  }

  async function ask(model: string, caller = ada): Promise<Asked> {
    const before = [upstream.calls.length, twin.calls.length];
    const balance = await caller.balance();
    const response = await caller.send('POST', '/api/chat/', { message: 'Hi', model });
    const tried = [upstream, twin].flatMap(({ calls }, n) =>
      calls
        .slice(before[n])
        .map(({ headers }) => headers.authorization ?? (n === 0 ? 'first' : 'second')),
    );
    return { answer: response, tried, charged: balance - (await caller.balance()) };
  }
  const bearer = (name: keyof typeof KEYS) => `Bearer ${KEYS[name]}`;

  it('uses them in turn', async () => {
    const tried = [];
    for (let n = 0; n < 4; n += 1) tried.push(...(await ask('keys:good')).tried);
    const [first] = tried;
    const [one, two] = [bearer('KEY_ONE'), bearer('KEY_TWO')];
    expect(tried).toEqual(first === one ? [one, two, one, two] : [two, one, two, one]);
    const places = [...(await ask('places:good')).tried, ...(await ask('places:good')).tried];
    expect(places.toSorted()).toEqual(['first', 'second']);
  });

  it.each(['keys:one-401', 'keys:one-429', 'keys:one-gemini'])(
    'uses the next key if one is refused or limited (%s), and charges once',
    async (model) => {
      for (let n = 0; n < 2; n += 1) {
        const { answer: response, tried, charged } = await ask(model);
        expect([response.status, response.body.response, charged]).toEqual([200, 'Hello', 10]);
        expect(tried.at(-1)).toBe(bearer('KEY_TWO'));
        expect(new Set(tried).size).toBe(tried.length);
      }
    },
  );

  it.each([
    ['keys:all-401', 502, 2],
    ['keys:all-429', 503, 2],
    ['keys:all-500', 502, 1],
    ['keys:all-404', 502, 1],
    ['keys:all-400', 400, 1],
    ['keys:cut', 502, 1],
  ])(
    'calls no provider twice for %s: %i after %i calls, and charges nothing',
    async (model, status, calls) => {
      const { answer: response, tried, charged } = await ask(model);
      expect([response.status, tried.length, charged]).toEqual([status, calls, 0]);
      expect(new Set(tried).size).toBe(calls);
      if (status === 503) expect(response.headers['retry-after']).toBe('5');
      expect(response.raw).not.toMatch(/sk-the/);
    },
  );

  it.each(['places:all-500', 'places:all-404', 'halves:good'])(
    'uses the next address if one does not answer (%s)',
    async (model) => {
      for (let n = 0; n < 2; n += 1) {
        const { answer: response, tried, charged } = await ask(model);
        expect([response.status, charged, tried.at(-1)]).toEqual([200, 10, 'second']);
      }
    },
  );

  it('does not rest if all failures are of one person, before an outage or after its pause', async () => {
    const now = performance.now.bind(performance);
    let passedMs = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => now() + passedMs);
    statuses = Array.from({ length: 10 }, () => 500);
    for (let n = 0; n < 10; n += 1) expect((await ask('single:listed')).charged).toBe(0);
    const other = await ask('single:listed', bob);
    expect([other.answer.status, other.tried.length, other.charged]).toEqual([200, 1, 10]);
    statuses = Array.from({ length: 13 }, () => 500);
    for (let n = 0; n < 9; n += 1) await ask('single:listed');
    await ask('single:listed', bob);
    expect((await ask('single:listed', bob)).tried).toEqual([]);
    passedMs += REST_SECONDS * 1100;
    for (let n = 0; n < 3; n += 1) expect((await ask('single:listed')).tried).toHaveLength(1);
    const after = await ask('single:listed', bob);
    expect([after.answer.status, after.tried.length, after.charged]).toEqual([200, 1, 10]);
  });

  it('distinguishes the persons who request embeddings, and does not tell the provider who they are', async () => {
    const before = upstream.calls.length;
    const embed = (caller: Caller) =>
      caller.send('POST', '/v1/embeddings', { model: 'single:all-500', input: 'Hi' });
    for (let n = 0; n < 11; n += 1) expect((await embed(ada)).status).toBe(502);
    expect((await embed(bob)).status).toBe(502);
    expect((await embed(ada)).status).toBe(503);
    expect(upstream.calls).toHaveLength(before + 12);
    expect(upstream.last.body).toEqual({ model: 'all-500', input: 'Hi' });
  });

  it('rests after ten equal failures in a row, logs it once, and answers again afterwards', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const log = jest.spyOn(Logger.prototype, 'log').mockReturnValue();
    const now = performance.now.bind(performance);
    let passedMs = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => now() + passedMs);
    statuses = Array.from({ length: 12 }, () => 503);
    for (let n = 0; n < 10; n += 1) await ask('single:listed', n % 2 ? ada : bob);
    expect(statuses).toHaveLength(2);
    const resting = await ask('single:listed');
    expect([resting.answer.status, resting.answer.body.code, resting.tried]).toEqual([
      ...[503, 'provider_busy', []],
    ]);
    const seconds = Number(resting.answer.headers['retry-after']);
    expect([seconds > 0, seconds <= REST_SECONDS]).toEqual([true, true]);
    expect(resting.charged).toBe(0);
    passedMs += REST_SECONDS * 1100;
    // One more failure of each person starts the next rest.
    expect((await ask('single:listed')).tried).toHaveLength(1);
    expect((await ask('single:listed', bob)).tried).toHaveLength(1);
    expect((await ask('single:listed')).tried).toEqual([]);
    passedMs += REST_SECONDS * 1100;
    const back = await ask('single:listed');
    expect([back.answer.status, back.charged]).toEqual([200, 10]);
    const lines = [...warn.mock.calls, ...log.mock.calls].map(([line]) => String(line));
    expect(lines).toEqual([
      expect.stringMatching(/^single at http.* fails again and again \(503\)/),
      expect.stringMatching(/^single at http.* answers again/),
    ]);
  });

  it('does not rest after failures of different kinds, or failures that a request can cause', async () => {
    statuses = Array.from({ length: 12 }, (_, n) => (n % 2 ? 503 : 500));
    statuses.push(...Array.from({ length: 11 }, () => 400));
    const { length } = statuses;
    for (let n = 0; n < length; n += 1) {
      expect((await ask('single:listed', n % 3 ? ada : bob)).tried).toHaveLength(1);
    }
    expect((await ask('single:listed')).answer.status).toBe(200);
    expect(await app.database.unbalancedWallets()).toEqual([]);
    const open = await app.database.rows(`SELECT id FROM holds WHERE state = 'open'`);
    expect(open).toEqual([]);
  });
});
