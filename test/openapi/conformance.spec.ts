import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Answer, Caller } from '../support/client.js';
import { forgetMismatch } from '../support/schema-mismatches.js';
import { Conformance, type SchemaMismatch } from '../support/conformance.js';

describe('an answer that contradicts the schema', () => {
  let app: TestApp;
  let ada: Caller;
  let conformance: Conformance;

  beforeAll(async () => {
    app = await TestApp.start();
    ada = await app.newUser();
    conformance = new Conformance((await app.send({ path: '/api/schema/' })).raw);
  });
  afterAll(() => app.close());

  const withBody = (answer: Answer, body: object): Answer => ({
    ...answer,
    body,
    raw: JSON.stringify(body),
  });

  function without(answer: Answer, header: string): Answer {
    const { [header]: removed, ...headers } = answer.headers;
    if (removed === undefined) throw new Error(`there was no ${header}`);
    return { ...answer, headers };
  }

  const fault = (method: string, path: string, answer: Answer) => () => {
    conformance.assert(method, path, answer);
  };

  it('is found by its body: a surplus field, a missing field, another type', async () => {
    const path = '/api/token-balance/';
    const real = await ada.get(path);
    expect(fault('GET', path, real)).not.toThrow();
    const says = (body: object) => expect(fault('GET', path, withBody(real, body)));
    says({ tokens: 4000, currency: 'x' }).toThrow(/body must NOT have additional properties/);
    says({}).toThrow(/body must have required property 'tokens'/);
    says({ tokens: '4000' }).toThrow(/body\/tokens must be integer/);
    says({ tokens: -1 }).toThrow(/body\/tokens must be >= 0/);
  });

  it('is found by its status and its media type', async () => {
    const path = '/api/token-balance';
    const real = await ada.get(path);
    expect(fault('GET', path, { ...real, status: 418 })).toThrow(/only 200, default/);
    const headers = { ...real.headers, 'content-type': 'text/plain' };
    expect(fault('GET', path, { ...real, headers })).toThrow(/application\/json, not text\/plain/);
  });

  it('is found by a header that is missing or malformed', async () => {
    const path = '/api/chat/';
    const real = await ada.chat('hi');
    expect(fault('POST', path, real)).not.toThrow();
    for (const header of ['x-request-id', 'allow', 'tokens-charged', 'turn-id']) {
      const asWritten = new RegExp(`a header ${header}`, 'i');
      expect(fault('POST', path, without(real, header))).toThrow(asWritten);
    }
    const headers = { ...real.headers, 'tokens-balance': 'much' };
    expect(fault('POST', path, { ...real, headers })).toThrow(/Tokens-Balance must be integer/);
    const refused = await app.post(path, { message: 'hi' });
    expect(refused.status).toBe(401);
    expect(fault('POST', path, without(refused, 'www-authenticate'))).toThrow(
      /a header www-authenticate/,
    );
  });

  it('is found by an error that its status does not have', async () => {
    const path = '/api/chat/';
    const refused = await ada.send('POST', path, {});
    expect(refused.status).toBe(400);
    const says = (body: object) => expect(fault('POST', path, withBody(refused, body)));
    says({ message: [] }).toThrow(/must NOT have fewer than 1 items/);
    says({ detail: 'No.' }).toThrow(/must have required property 'code'/);
    says({ detail: 'No.', code: 'never_told' }).toThrow(/code must be equal to one of/);
    const broke = { ...refused, status: 402 };
    const exact = { error: 'Insufficient tokens' };
    const headers = { ...broke.headers, 'tokens-required': '100', 'tokens-available': '0' };
    expect(fault('POST', path, withBody({ ...broke, headers }, exact))).not.toThrow();
    const withExtraField = withBody(
      { ...broke, headers },
      { ...exact, code: 'insufficient_tokens' },
    );
    expect(fault('POST', path, withExtraField)).toThrow(/additional properties/);
  });

  it('is found by what `default` does not include: a status, a header, a code of another status', async () => {
    const path = '/api/token-balance/';
    const refused = await app.send({ path });
    expect([refused.status, refused.body.code]).toEqual([401, 'not_authenticated']);
    expect(fault('GET', path, refused)).not.toThrow();
    for (const status of [402, 409, 410, 413, 415, 418, 422, 501, 502, 504]) {
      expect(fault('GET', path, { ...refused, status })).toThrow(/of the statuses, only/);
    }
    expect(fault('GET', path, { ...refused, status: 404 })).toThrow(/of the codes of 404, only/);
    const notFound = withBody({ ...refused, status: 404 }, { detail: 'No.', code: 'not_found' });
    expect(fault('GET', path, notFound)).not.toThrow();
    expect(fault('GET', path, { ...notFound, status: 503 })).toThrow(/a header retry-after/);
    expect(fault('GET', path, { ...notFound, status: 405 })).toThrow(/of the codes of 405/);
    expect(fault('GET', path, without(notFound, 'x-request-id'))).toThrow(/a header X-Request-Id/);
    expect(fault('POST', '/api/login/', refused)).toThrow(/of the statuses, only/);
  });

  it('is found by an event of a stream: a surplus field, a missing field, no event at all', async () => {
    const path = '/v1/chat/completions';
    const messages = [{ role: 'user', content: 'Hi' }];
    const real = await ada.send('POST', path, { model: 'echo', messages, stream: true });
    expect(real.raw).toMatch(/^data: \{[^\n]*\n\ndata: \[DONE\]\n\n$/m);
    expect(fault('POST', path, real)).not.toThrow();
    const says = (from: string, to: string) => {
      expect(real.raw).toContain(from);
      return expect(fault('POST', path, { ...real, raw: real.raw.replace(from, to) }));
    };
    says('"object":', '"kind":"x","object":').toThrow(/event must NOT have additional properties/);
    says('"choices":', '"choice":').toThrow(/event must have required property 'choices'/);
    says('data: [DONE]', 'data: "all"').toThrow(/event must be/);
  });

  it('is found for an unknown path or method', async () => {
    const real = await ada.get('/api/token-balance/');
    expect(fault('GET', '/api/nope/', real)).toThrow(/it has no such path or method/);
    expect(fault('PUT', '/api/token-balance/', real)).toThrow(/it has no such path or method/);
    const missing = await ada.get('/api/nope/');
    expect(missing.status).toBe(404);
    expect(fault('GET', '/api/nope/', withBody(missing, { error: 'x' }))).toThrow(/detail/);
    const options = await ada.send('OPTIONS', '/api/chat/');
    expect(fault('OPTIONS', '/api/chat/', withBody(options, {}))).toThrow(/renders/);
  });

  it('fails the request of the spec that received it', async () => {
    const { server } = app.nest.getHttpAdapter().getInstance();
    const listeners = server.listeners('request') as ((...args: unknown[]) => void)[];
    server.removeAllListeners('request');
    server.on('request', (_request, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end('{"tokens":"all"}');
    });
    const refused = ada.get('/api/token-balance/');
    await expect(refused).rejects.toThrow(
      /GET \/api\/token-balance\/ answered 200 otherwise than the schema says: a header/,
    );
    forgetMismatch((await refused.catch((error: unknown) => error)) as SchemaMismatch);
    server.removeAllListeners('request');
    for (const listener of listeners) server.on('request', listener);
    expect(await ada.balance()).toBe(3800);
  });
});
