import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  OpenAPIObject,
  ParameterObject,
  RequestBodyObject,
  SchemaObject,
} from '@nestjs/swagger';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { operationsOf, resolve } from '../support/document.js';

const UNKNOWN_ID = '00000000-0000-7000-8000-000000000000';

/** The query parameters for which any invalid value is ignored. */
const IGNORED = ['page_size', 'turn'];

describe.each(databaseKinds)('NUL on %s', (kind) => {
  let app: TestApp;
  let staff: Caller;
  let document: OpenAPIObject;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    staff = await app.newUser({ username: 'operator' });
    await app.database.rows('UPDATE users SET is_staff = $1', [true]);
    document = (await app.send({ path: '/api/schema/' })).body as OpenAPIObject;
  });
  afterAll(() => app.close());

  it('is 404 in a path, and in a query like any other invalid value', async () => {
    let paths = 0;
    let queries = 0;
    for (const { method, path, parameters = [], security } of operationsOf(document)) {
      const body = method === 'GET' ? undefined : {};
      const filled = (value: string) => path.replaceAll(/\{\w+\}/g, value);
      if (path.includes('{')) {
        const { status } = await staff.send(method, filled('a%00b'), body);
        expect([method, path, status]).toEqual([method, path, 404]);
        paths += 1;
      }
      for (const { name, in: place } of parameters as ParameterObject[]) {
        if (place !== 'query' || security?.length === 0) continue;
        const answer = await staff.send(method, `${filled(UNKNOWN_ID)}?${name}=a%00b`, body);
        const isIgnored = IGNORED.includes(name) && !path.includes('{');
        expect([method, path, name, answer.status]).toEqual([
          ...[method, path, name],
          isIgnored ? 200 : answer.status === 404 ? 404 : 400,
        ]);
        queries += 1;
      }
    }
    expect([paths > 8, queries > 10]).toEqual([true, true]);
  });

  it('is reported at its field in a body, on every route, as JSON and as a form', async () => {
    let reported = 0;
    for (const { method, path, requestBody } of operationsOf(document)) {
      if (!requestBody || path.startsWith('/v1/')) continue;
      const { content } = requestBody as RequestBodyObject;
      const { anyOf: [first] = [], ...schema } = (content['application/json']?.schema ??
        {}) as SchemaObject;
      const { properties = {} } = resolve<SchemaObject>(document, first ?? schema);
      const texts = Object.entries(properties).filter(
        ([, field]) => (field as SchemaObject).type === 'string',
      );
      const headers = path.endsWith('/grants/') ? { 'Idempotency-Key': 'k' } : {};
      for (const [field] of texts) {
        const at = path.replaceAll(/\{\w+\}/g, UNKNOWN_ID);
        const answer = await staff.send(method, at, { [field]: 'a\0b' }, headers);
        expect([path, field, answer.status]).toEqual([path, field, 400]);
        expect(answer.body[field]).toEqual(
          expect.arrayContaining([expect.stringMatching(/^Null characters are not allowed\.$/)]),
        );
        reported += 1;
      }
    }
    expect(reported).toBeGreaterThan(15);
    expect(await app.database.count('turns')).toBe(0);
  });

  it('in a message on /v1 is stored as U+FFFD', async () => {
    const messages = [{ role: 'user', content: 'a\0b' }];
    const { status } = await staff.send('POST', '/v1/chat/completions', {
      model: 'echo',
      messages,
      user: 'a\0b',
    });
    expect(status).toBe(200);
    expect((await staff.history()).map(({ message }) => message)).toEqual(['a\ufffdb']);
    const unknown = await staff.send('POST', '/v1/chat/completions', { model: 'a\0b', messages });
    expect(unknown.status).toBe(404);
    expect(await staff.balance()).toBe(3900);
  });
});
