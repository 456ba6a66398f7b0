import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { createDatabase, type TestDatabase } from '../support/databases.js';
import { FLAT, modelsFile } from '../support/models-file.js';
import { expectPaid } from '../support/paid-calls.js';

const model = (id: string) => ({
  ...{ id, provider: 'echo', upstream: 'echo', price: FLAT },
  ...{ contextTokens: 4000, maxTokens: 500 },
});
const settingsOf = (...ids: string[]) => modelsFile({ providers: {}, models: ids.map(model) });

const ASKS = [
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'hi' }] }],
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'hi' }], stream: true }],
  ['/v1/responses', { input: 'hi' }],
  ['/v1/responses', { input: 'hi', stream: true }],
  ['/api/chat/', { message: 'hi' }],
] as const;

/** Returns the body, or the text of a stream: a replay may have other pieces. */
function contentOf({ raw, body }: { raw: string; body: unknown }): unknown {
  if (raw.startsWith('{')) return body;
  const pieces = [...raw.matchAll(/"(?:content|delta)":"([^"]+)"/g)].map(([, piece]) => piece);
  expect(pieces).not.toEqual([]);
  return pieces.join('');
}

describe('a model that is no longer served', () => {
  let database: TestDatabase;
  let app: TestApp;
  let ada: Caller;
  const answered: unknown[] = [];

  const ask = (n: number, key: string) => {
    const [path, fields] = ASKS[n] ?? ASKS[0];
    const headers = key === '' ? {} : { 'Idempotency-Key': key };
    return ada.send('POST', path, { ...fields, model: 'old' }, headers);
  };

  beforeAll(async () => {
    database = await createDatabase('sqlite');
    app = await TestApp.start('sqlite', { ...settingsOf('old'), DATABASE_URL: database.url });
    const { token, username } = await app.newUser();
    ada = app.callerOf(token, username);
    for (const n of ASKS.keys()) {
      const answer = await ask(n, `key-${String(n)}`);
      expect(answer.status).toBe(200);
      answered.push(contentOf(answer));
    }
    await app.close();
    app = await TestApp.start('sqlite', { ...settingsOf('new'), DATABASE_URL: database.url });
    ada = app.callerOf(token, username);
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it.each([...ASKS.keys()])('is replayed by its key, and not charged again (%i)', async (n) => {
    const { status, headers, ...answer } = await ask(n, `key-${String(n)}`);
    expect([status, headers['idempotent-replayed']]).toEqual([200, 'true']);
    expect(contentOf(answer)).toEqual(answered[n]);
    await expectPaid(app, ada, ASKS.length);
  });

  it.each(['', 'new-key'])('is unknown to a new question (key "%s")', async (key) => {
    for (const n of [0, 1, 2, 3]) {
      const { status, body } = await ask(n, key);
      expect([status, body.error.code]).toEqual([404, 'model_not_found']);
    }
    await expectPaid(app, ada, ASKS.length);
  });
});
