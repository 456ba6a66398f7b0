import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Answer } from '../support/client.js';
import { complete, hi } from '../support/completions.js';
import { databaseKinds } from '../support/databases.js';
import { sample } from '../support/full-effort.js';
import { ProviderProbe } from '../support/provider-probe.js';

/** This tests formats. Other specs test what both databases charge. */
const testedKinds = sample('refusals below /v1', 2, databaseKinds);

describe.each(testedKinds)('refusals below /v1 on %s', (kind) => {
  let app: TestApp;
  let provider: ProviderProbe;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    provider = new ProviderProbe(app.nest);
  });
  afterEach(() => {
    provider.delayWith(undefined);
  });
  afterAll(() => app.close());

  it.each([
    [{ model: undefined }, 'model'],
    [{ model: 5 }, 'model'],
    [{ messages: undefined }, 'messages'],
    [{ messages: [] }, 'messages'],
    [{ messages: 'hi' }, 'messages'],
    [{ messages: ['hi'] }, 'messages[0]'],
    [{ messages: [...hi, null] }, 'messages[1]'],
    [{ messages: [...hi, []] }, 'messages[1]'],
    [{ messages: [...hi, { role: 'robot', content: 'x' }] }, 'messages[1].role'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content'],
    [{ stream: 'true' }, 'stream'],
    [{ stream_options: 1 }, 'stream_options'],
    [{ stream_options: { include_usage: 1 } }, 'stream_options.include_usage'],
    [{ max_tokens: 1.5 }, 'max_tokens'],
    [{ max_tokens: '5' }, 'max_tokens'],
    [{ max_completion_tokens: 0 }, 'max_completion_tokens'],
    [{ max_tokens: -2 }, 'max_tokens'],
    [{ max_tokens: 2 ** 53 }, 'max_tokens'],
    // It would reach the model as another number.
    [{ seed: 2 ** 53 }, 'seed'],
    [{ seed: -(2 ** 53) }, 'seed'],
    [{ n: 2 }, 'n'],
    [{ n: 0 }, 'n'],
    [{ n: '1' }, 'n'],
    [{ tools: { type: 'function' } }, 'tools'],
    [{ tools: [{ type: 'function' }, { type: 'web_search' }] }, 'tools'],
    [{ tools: [{ google_search: {} }] }, 'tools'],
    [{ tools: [{ type: 'function', name: 'add', parameters: {} }] }, 'tools'],
    [{ tools: [{ type: 'function', function: [] }] }, 'tools'],
    // The model would never hear of them, and the answer would be charged.
    [{ functions: [{ name: 'add', parameters: {} }] }, 'functions'],
    [{ functions: 'add' }, 'functions'],
    [{ functions: [{ name: 'add' }], tools: [] }, 'functions'],
  ])('refuses %j with 400 and names the field', async (fields, param) => {
    const ada = await app.newUser();
    const calls = provider.calls;
    const { status, body } = await complete(ada, fields);
    const message = expect.stringMatching(/\w/);
    expect([status, body]).toEqual([
      400,
      { error: { message, type: 'invalid_request_error', param, code: null } },
    ]);
    expect(provider.calls).toBe(calls);
    expect(await ada.balance()).toBe(4000);
  });

  it('ignores functions, the older name for tools, if there are tools', async () => {
    const ada = await app.newUser();
    const tools = [{ type: 'function', function: { name: 'add', parameters: {} } }];
    const functions = [{ name: 'add', parameters: {} }];
    expect((await complete(ada, { tools, functions })).status).toBe(200);
    expect(provider.lastRequest?.extra).toEqual({ tools });
    expect(await ada.balance()).toBe(3900);
  });

  it('refuses too many messages, and a stored message that is too long', async () => {
    const ada = await app.newUser();
    const many = Array.from({ length: 2049 }, () => hi[0]);
    const long = [{ role: 'user', content: 'x'.repeat(100_001) }];
    for (const messages of [many, long]) {
      const { status, body } = await complete(ada, { messages });
      expect([status, body.error.param]).toEqual([400, 'messages']);
    }
    expect(await ada.balance()).toBe(4000);
  });

  it.each([
    ['no JSON', '{"model":', 400, 'parse_error'],
    ['an array', '[]', 400, null],
    ['a poisoned object', '{"__proto__": {}}', 400, 'parse_error'],
    ['too deep', `{"tools":${'['.repeat(400_000)}${']'.repeat(400_000)}}`, 400, 'parse_error'],
    ['too large', `{"user":"${'x'.repeat(1_048_576)}"}`, 413, 'payload_too_large'],
  ])('refuses a body that is %s', async (_, body, status, code) => {
    const ada = await app.newUser();
    const answer = await app.send({
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { Authorization: `Bearer ${ada.token}`, 'Content-Type': 'application/json' },
      body,
    });
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(answer.body.error.type).toBe('invalid_request_error');
    expect(await ada.balance()).toBe(4000);
  });

  it('has OpenAI’s error format for every refusal', async () => {
    const [ada, poor] = [await app.newUser(), await app.newUser({ tokens: 99 })];
    const unpaid = await complete(poor, {});
    expect(unpaid.headers).toMatchObject({
      'x-should-retry': 'false',
      'tokens-required': '100',
      'tokens-available': '99',
    });
    const path = '/v1/chat/completions';
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const answers: [Answer, number, string][] = [
      [unpaid, 402, 'insufficient_quota'],
      [await complete(ada, { model: 'oracle' }), 404, 'model_not_found'],
      [await ada.get('/v1/models/oracle'), 404, 'model_not_found'],
      [await ada.get('/v1/nothing'), 404, 'not_found'],
      [await ada.get(path), 405, 'method_not_allowed'],
      [await ada.get('/v1/models', { Accept: 'image/png' }), 406, 'not_acceptable'],
      [await ada.send('POST', path, { model: 'echo' }, form), 415, 'unsupported_media_type'],
      [await complete(ada, {}, { 'Idempotency-Key': '' }), 400, 'idempotency_key_malformed'],
      [await app.send({ method: 'POST', path }), 401, 'invalid_api_key'],
      [await app.send({ path: '/v1/models' }), 401, 'invalid_api_key'],
    ];
    for (const [{ status, body }, expected, code] of answers) {
      expect(Object.keys(body)).toEqual(['error']);
      expect(Object.keys(body.error)).toEqual(['message', 'type', 'param', 'code']);
      expect([status, body.error.code]).toEqual([expected, code]);
    }
    const keyless = (await app.send({ path: '/v1/models' })).body.error;
    expect(keyless.message).toMatch(/^You didn't provide an API key\. /);
    for (const Authorization of ['Bearer sk-nobodys', 'Token nobodys', 'Bearer tally_nobodys']) {
      const { body } = await app.send({ path: '/v1/models', headers: { Authorization } });
      expect(body.error).toEqual({
        ...{ message: 'Incorrect API key provided.', type: 'invalid_request_error' },
        ...{ param: null, code: 'invalid_api_key' },
      });
    }
    const { message } = (await ada.get('/v1/images')).body.error;
    for (const route of ['POST /v1/chat/completions', 'GET /v1/responses/{id}', 'GET /v1/models']) {
      expect(message).toContain(route);
    }
    expect(message).not.toMatch(/HEAD|OPTIONS|api/);
    expect((await ada.get('/api/nothing/')).body).toEqual({
      detail: 'Not found.',
      code: 'not_found',
    });
    expect(await ada.balance()).toBe(4000);
    expect(await ada.history()).toEqual([]);
  });
});
