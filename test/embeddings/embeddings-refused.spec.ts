import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { answerJson, embed } from '../support/embeddings.js';
import { modelsOf, PROVIDER_KEY } from '../support/models-file.js';
import { Upstream, type Behaviour } from '../support/upstream.js';

const PATH = '/v1/embeddings';
const refuses = (status: number, message = 'no'): Behaviour =>
  answerJson({ error: { message } }, status);
const listOf = (...all: unknown[]) => answerJson({ data: all });
const NAN = Buffer.from(Float32Array.of(Number.NaN).buffer).toString('base64');
const LONG = { parts: 52, bytes: 1_000_000 };

/** Responses that are not valid for two inputs. */
const NONSENSE: Record<string, Behaviour> = {
  'one too few': listOf({ embedding: [1] }),
  'one too many': listOf({ embedding: [1] }, { embedding: [1] }, { embedding: [1] }),
  'one place twice': listOf({ index: 1, embedding: [1] }, { index: 1, embedding: [1] }),
  'a place beyond': listOf({ index: 0, embedding: [1] }, { index: 2, embedding: [1] }),
  'two lengths': listOf({ embedding: [1] }, { embedding: [1, 2] }),
  'empty ones': listOf({ embedding: [] }, { embedding: [] }),
  words: listOf({ embedding: ['x'] }, { embedding: ['x'] }),
  'no base64': listOf({ embedding: '!!!!' }, { embedding: '!!!!' }),
  'half a float': listOf({ embedding: 'AAAA' }, { embedding: 'AAAA' }),
  'no numbers in base64': listOf({ embedding: NAN }, { embedding: NAN }),
  'numbers beyond a float': listOf({ embedding: [1e39] }, { embedding: [1] }),
  'an error beside them': answerJson({
    ...{ data: [{ embedding: [1] }, { embedding: [1] }], error: { message: 'no' } },
  }),
  nulls: listOf(null, null),
  'an object': answerJson({ data: {} }),
  text: (call) => {
    call.open(200, 'text/plain').response.end('good morning');
  },
  'half an answer': async (call) => {
    call.open(200, 'application/json');
    await call.raw('{"data":[');
    call.reset();
  },
  'no end': async (call) => {
    call.open(200, 'application/json');
    for (let n = 0; n < LONG.parts; n += 1) await call.raw(' '.repeat(LONG.bytes));
  },
};

const FAILURES: Record<string, [Behaviour, number, string]> = {
  '500': [refuses(500), 502, 'provider_failed'],
  '401': [refuses(401), 502, 'provider_failed'],
  '429': [refuses(429), 503, 'provider_busy'],
  '400': [refuses(400, `Bad input, key ${PROVIDER_KEY}`), 400, 'provider_refused'],
  '422': [refuses(422, 'maximum context length is 8191'), 400, 'context_length_exceeded'],
  '413': [refuses(413), 413, 'provider_body_too_large'],
};

describe('embeddings that are refused', () => {
  let upstream: Upstream;
  let app: TestApp;
  let ada: Caller;

  beforeAll(async () => {
    const failures = Object.entries(FAILURES).map(([name, [behaviour]]) => [name, behaviour]);
    const quiet: Behaviour = () => undefined;
    upstream = await Upstream.start({
      ...(Object.fromEntries(failures) as Record<string, Behaviour>),
      ...{ good: embed, odd: quiet, silent: quiet },
    });
    const models = [...Object.keys(FAILURES), 'good', 'odd', 'silent'];
    app = await TestApp.start('sqlite', {
      ...modelsOf(upstream.baseUrl, models),
      ANSWER_TIMEOUT_SECONDS: '6',
      PROVIDER_REST_SECONDS: '0',
    });
    ada = await app.newUser();
  });
  afterEach(async () => {
    expect(await ada.balance()).toBe(4000);
    expect(await app.database.rows(`SELECT id FROM holds WHERE state = 'open'`)).toEqual([]);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const ask = (fields: object, headers = {}) =>
    ada.send('POST', PATH, { model: 'flat:good', input: ['one', 'two'], ...fields }, headers);

  it.each(Object.entries(FAILURES))(
    'by a provider with %s are reported as for completions, and cost nothing',
    async (name, [, status, code]) => {
      const response = await ask({ model: `metered:${name}` });
      expect([response.status, response.body.error.code]).toEqual([status, code]);
      expect(response.raw).not.toContain(PROVIDER_KEY);
    },
  );

  it.each(Object.keys(NONSENSE))(
    'because the provider answers with %s are 502 and cost nothing',
    async (name) => {
      upstream.behaviours['odd'] = NONSENSE[name] ?? embed;
      const response = await ask({ model: 'flat:odd' });
      expect([response.status, response.body.error.code]).toEqual([502, 'provider_failed']);
    },
  );

  it('because the provider ignores `dimensions` are 400, which no client repeats, and cost nothing', async () => {
    upstream.behaviours['odd'] = embed;
    const response = await ask({ model: 'flat:odd', dimensions: 2 });
    expect([response.status, response.body.error.code]).toEqual([400, 'provider_refused']);
    expect(response.body.error.message).toMatch(
      /^The model made embeddings of \d+ numbers, and not of \d+\./,
    );
    expect(upstream.last.body).toMatchObject({ dimensions: 2 });
  });

  it('because the provider is silent end after the time limit, and cost nothing', async () => {
    const response = await ask({ model: 'flat:silent' });
    expect([response.status, response.body.error.code]).toEqual([504, 'provider_timed_out']);
    await upstream.last.aborted;
  });

  it.each([
    ['no input', { input: undefined }, 'input'],
    ['an empty text', { input: '' }, 'input'],
    ['an empty list', { input: [] }, 'input'],
    ['an empty text in a list', { input: ['one', ''] }, 'input'],
    ['an empty list in a list', { input: [[1], []] }, 'input'],
    ['a mixture', { input: ['one', 2] }, 'input'],
    ['half a model token', { input: [1.5] }, 'input'],
    ['a negative model token', { input: [[-1]] }, 'input'],
    ['an object', { input: { text: 'x' } }, 'input'],
    ['too many', { input: Array.from({ length: 2049 }, () => 'x') }, 'input'],
    ['another form', { encoding_format: 'int8' }, 'encoding_format'],
    ['no dimensions', { dimensions: 0 }, 'dimensions'],
    ['a user that is no text', { user: 5 }, 'user'],
    ['no model', { model: undefined }, 'model'],
    ['a model without a provider', { model: 'echo' }, 'model'],
  ])('for %s are 400 with the name of the field, without a call', async (_, fields, param) => {
    const calls = upstream.calls.length;
    const response = await ask(fields);
    expect([response.status, response.body.error.param]).toEqual([400, param]);
    expect(upstream.calls).toHaveLength(calls);
  });

  it('are 404 for an unknown model, and 400 with an Idempotency-Key', async () => {
    const calls = upstream.calls.length;
    const unknown = await ask({ model: 'oracle' });
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'model_not_found']);
    const keyed = await ask({}, { 'Idempotency-Key': 'once' });
    expect([keyed.status, keyed.body.error.code]).toEqual([400, 'idempotency_key_not_taken']);
    expect(upstream.calls).toHaveLength(calls);
  });
});
