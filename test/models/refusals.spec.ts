import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { modelsOf } from '../support/models-file.js';
import { EventReader } from '../support/sse.js';
import { Upstream, type Behaviour, type UpstreamCall } from '../support/upstream.js';

const MESSAGE = 'How are you?';
const messages = [{ role: 'user', content: MESSAGE }];

const refuse = (status: number, body: object, headers: Record<string, string> = {}): Behaviour => {
  return ({ response }) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
};
const errorBody = (message: string, code?: string) => ({ error: { message, code } });

const answer = async (call: UpstreamCall) => {
  call.open();
  await call.delta('Hello');
  await call.finish();
  await call.end();
};
/** Refuses a body that has the field, with these words. Answers any other body. */
const answersWithoutField =
  (field: string, words: string, status = 400): Behaviour =>
  (call) =>
    field in call.body ? refuse(status, errorBody(words))(call) : answer(call);

/** Holds back each call until there are two, so that both are refused at the same time. */
const atTheSameTime = (behaviour: Behaviour): Behaviour => {
  const waiting: (() => void)[] = [];
  return async (call) => {
    if ('max_tokens' in call.body) {
      await new Promise<void>((resolve) => {
        if (waiting.push(resolve) === 2) for (const go of waiting.splice(0)) go();
      });
    }
    await behaviour(call);
  };
};

const BEHAVIOURS: Record<string, Behaviour> = {
  'too-long': refuse(
    400,
    errorBody('Maximum context length is 8192 tokens.', 'context_length_exceeded'),
  ),
  temperature: refuse(422, { detail: [{ msg: 'temperature must be at most 2' }] }),
  // Some servers begin JSON with a byte order mark.
  large: (call) => {
    const body = `\ufeff${JSON.stringify(errorBody('Too large.'))}`;
    call.open(413, 'application/json').response.end(body);
  },
  limited: refuse(429, errorBody('secret words'), { 'Retry-After': '17' }),
  overloaded: refuse(503, errorBody('secret words')),
  key: refuse(401, errorBody('secret words', 'invalid_api_key')),
  forbidden: refuse(403, errorBody('secret words')),
  missing: refuse(404, errorBody('secret words', 'model_not_found')),
  'old-field': answersWithoutField(
    'max_tokens',
    "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
  ),
  'old-field-twice': atTheSameTime(answersWithoutField('max_tokens', 'Unknown field: max_tokens')),
  'stream-options': answersWithoutField(
    'stream_options',
    'stream_options: Extra inputs are not permitted',
    422,
  ),
  stubborn: refuse(
    400,
    errorBody('Unsupported parameter: max_tokens, max_completion_tokens, stream_options'),
  ),
};

const FAILED = 'The model did not answer. Nothing was charged.';
const busy = (seconds: number) =>
  `The model is busy. Try again in ${String(seconds)} seconds. Nothing was charged.`;

const REFUSALS: [
  model: string,
  status: number,
  code: string,
  detail: string,
  retryAfter: string | undefined,
][] = [
  ['too-long', 400, 'context_length_exceeded', 'Maximum context length is 8192 tokens.', undefined],
  ['temperature', 400, 'provider_refused', 'temperature must be at most 2', undefined],
  ['large', 413, 'provider_body_too_large', 'Too large.', undefined],
  ['limited', 503, 'provider_busy', busy(17), '17'],
  ['overloaded', 503, 'provider_busy', busy(5), '5'],
  ['key', 502, 'provider_failed', FAILED, undefined],
  ['forbidden', 502, 'provider_failed', FAILED, undefined],
  ['missing', 502, 'provider_failed', FAILED, undefined],
];

describe.each(databaseKinds)('a provider that refuses, on %s', (kind) => {
  let upstream: Upstream;
  let app: TestApp;

  beforeAll(async () => {
    upstream = await Upstream.start(BEHAVIOURS);
    app = await TestApp.start(kind, modelsOf(upstream.baseUrl, Object.keys(BEHAVIOURS)));
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const complete = (caller: Caller, model: string, more: object = {}) =>
    caller.send('POST', '/v1/chat/completions', { model, messages, ...more });

  const chargedNothing = async (caller: Caller) => {
    expect(await caller.balance()).toBe(4000);
    expect(await app.database.count('holds', `state = 'open'`)).toBe(0);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  };

  it.each(REFUSALS)(
    '%s: is reported as %i %s on every API after one call each, and costs nothing',
    async (name, status, code, detail, retryAfter) => {
      const ada = await app.newUser();
      const calls = upstream.calls.length;
      const model = `metered:${name}`;
      const api = await ada.send('POST', '/api/chat/', { message: MESSAGE, model });
      expect([api.status, api.body]).toEqual([status, { detail, code }]);
      const v1 = await complete(ada, model);
      expect([v1.status, v1.body.error.message, v1.body.error.code]).toEqual([
        status,
        detail,
        code,
      ]);
      for (const { headers } of [api, v1]) expect(headers['retry-after']).toBe(retryAfter);
      const reader = await EventReader.open(app.url, ada, {
        message: MESSAGE,
        model,
        stream: true,
      });
      expect((await reader.all()).at(-1)).toEqual({ name: 'error', content: { detail, code } });
      const chunks = await complete(ada, model, { stream: true });
      expect(chunks.raw).toContain(JSON.stringify(detail).slice(1, -1));
      expect(chunks.raw).toContain(`"code":"${code}"`);
      for (const { raw } of [api, v1, reader, chunks]) expect(raw).not.toContain('secret');
      expect(upstream.calls).toHaveLength(calls + 4);
      expect(await ada.history()).toMatchObject(Array(4).fill({ status: 'failed', tokens: 0 }));
      await chargedNothing(ada);
    },
  );

  it('is free for a key that failed: the next attempt calls again', async () => {
    const ada = await app.newUser();
    const calls = upstream.calls.length;
    const keyed = { 'Idempotency-Key': 'again' };
    for (let n = 0; n < 2; n += 1) {
      const body = { message: MESSAGE, model: 'flat:limited' };
      expect((await ada.send('POST', '/api/chat/', body, keyed)).status).toBe(503);
    }
    expect(upstream.calls).toHaveLength(calls + 2);
    await chargedNothing(ada);
  });

  it.each([
    ['old-field', { max_tokens: undefined, max_completion_tokens: 500 }],
    ['stream-options', { stream_options: undefined, max_tokens: 500 }],
  ])(
    '%s: is called again with the other parameter, and from then on with that one',
    async (name, fields) => {
      const ada = await app.newUser();
      const calls = upstream.calls.length;
      expect((await complete(ada, `flat:${name}`)).status).toBe(200);
      expect(upstream.calls).toHaveLength(calls + 2);
      expect(upstream.last.body).toMatchObject(JSON.parse(JSON.stringify(fields)) as object);
      const refused = Object.keys(fields).filter((field) => !(field in upstream.last.body));
      expect(refused).toHaveLength(1);
      expect((await complete(ada, `metered:${name}`)).status).toBe(200);
      expect(upstream.calls).toHaveLength(calls + 3);
      expect(await ada.balance()).toBeLessThan(3900);
    },
  );

  it('is called again for each of two simultaneous requests, and the parameter is logged once', async () => {
    const log = jest.spyOn(Logger.prototype, 'log').mockReturnValue();
    try {
      const ada = await app.newUser();
      const calls = upstream.calls.length;
      const both = await Promise.all([1, 2].map(() => complete(ada, 'flat:old-field-twice')));
      expect(both.map(({ status }) => status)).toEqual([200, 200]);
      expect(upstream.calls).toHaveLength(calls + 4);
      expect(log.mock.calls.filter(([line]) => String(line).includes('wants'))).toHaveLength(1);
      expect(await ada.balance()).toBe(3800);
    } finally {
      log.mockRestore();
    }
  });

  it('is called a bounded number of times if it refuses every parameter, and its message is passed on', async () => {
    const ada = await app.newUser();
    const calls = upstream.calls.length;
    for (let n = 1; n <= 2; n += 1) {
      expect((await complete(ada, 'flat:stubborn')).body.error.code).toBe('provider_refused');
      // The parameter was not found, so the next question begins with the first one again.
      expect(upstream.calls).toHaveLength(calls + 2 * n);
      expect(upstream.calls[calls]?.body).toHaveProperty('max_tokens');
    }
    await chargedNothing(ada);
  });
});
