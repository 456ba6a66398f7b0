import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject, RequestBodyObject, SchemaObject } from '@nestjs/swagger';
import { ApiWalk } from '../support/api-walk.js';
import { TestApp } from '../support/app.js';
import { promote } from '../support/discrepancies.js';
import type { Caller } from '../support/client.js';
import { resolve, type Operation } from '../support/document.js';

describe('null', () => {
  let app: TestApp;
  let document: OpenAPIObject;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start();
    document = (await app.send({ path: '/api/schema/' })).body as OpenAPIObject;
  });
  beforeEach(async () => {
    ada = await app.newUser();
  });
  afterAll(() => app.close());

  /** Returns the fields of a request that may be left out. */
  const optionalOf = ({ requestBody }: Operation): string[] => {
    const { content } = requestBody as RequestBodyObject;
    const { anyOf: [schema] = [content['application/json']?.schema ?? {}] } = (content[
      'application/json'
    ]?.schema ?? {}) as SchemaObject;
    const { properties = {}, required = [] } = resolve<SchemaObject>(document, schema ?? {});
    return Object.keys(properties).filter((name) => !required.includes(name));
  };

  it('is treated as a missing field for each optional field, on every route', async () => {
    const nulled = new Set<string>();
    const walk = new ApiWalk(app, document, 'application/json', (operation, body) => {
      const names = optionalOf(operation).filter((name) => !(name in body));
      for (const name of names) nulled.add(`${operation.operationId}.${name}`);
      return { ...body, ...Object.fromEntries(names.map((name) => [name, null])) };
    });
    await walk.run();
    expect(walk.unexpected).toEqual([]);
    expect([...nulled]).toEqual(
      expect.arrayContaining([
        'register.email',
        'sendMessage.conversation',
        'sendMessage.stream',
        'openConversation.title',
        'changeUser.reason',
        'createChatCompletion.tools',
      ]),
    );
  });

  it('changes nothing if a field cannot be null, and clears one that can', async () => {
    const settings = { title: 'plans', model: 'echo', system: 'Be brief.' };
    const { body: opened } = await ada.send('POST', '/api/conversations/', settings);
    const path = `/api/conversations/${String(opened.id)}/`;
    const { body } = await ada.send('PATCH', path, { title: null, model: null, system: null });
    expect(body).toMatchObject({ title: 'plans', model: null, system: null });
    await ada.send('PATCH', '/api/me/', { email: 'ada@example.com' });
    const { body: me } = await ada.send('PATCH', '/api/me/', { email: null });
    expect(me).toMatchObject({ email: 'ada@example.com' });
  });

  it('is refused for a required field, and as a body', async () => {
    const { status, body } = await ada.send('POST', '/api/chat/', { message: null });
    expect([status, body]).toEqual([400, { message: ['This field may not be null.'] }]);
    expect(await ada.balance()).toBe(4000);
  });

  it('does not reach the model, outside or inside its messages', async () => {
    const ask = (nothing: object, inMessage: object) =>
      ada.send(
        'POST',
        '/v1/chat/completions',
        { model: 'echo', messages: [{ role: 'user', content: 'hi', ...inMessage }], ...nothing },
        { 'Idempotency-Key': 'nulls' },
      );
    const first = await ask({ temperature: null, tools: null, stop: null }, {});
    const second = await ask({}, {});
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(await ada.balance()).toBe(3900);
  });

  it.each([
    ['conversation', ''],
    ['conversation', '  '],
    ['model', ''],
    ['stream', ''],
  ])('is equal to the blank %s=%j of a form', async (name, value) => {
    const form = new URLSearchParams({ message: 'hi', [name]: value }).toString();
    const answer = await app.send({
      method: 'POST',
      path: '/api/chat/',
      headers: {
        Authorization: `Token ${ada.token}`,
        'Content-Type': 'application/x-www-form-urlencoded',
      },
      body: form,
    });
    expect([answer.status, answer.body.message]).toEqual([200, 'hi']);
  });
});

describe('an empty parameter of a query', () => {
  it('is treated as a missing parameter', async () => {
    const app = await TestApp.start();
    const ada = await app.newUser();
    await ada.chat('hi');
    await promote(app.database);
    const conversation = String((await ada.get('/api/chat/')).body.results[0].conversation);
    for (const [path, query] of [
      ['/api/chat/', 'cursor=&page_size=&search='],
      ['/api/conversations/', 'ordering=&cursor='],
      [`/api/conversations/${conversation}/messages/`, 'cursor='],
      [`/api/conversations/${conversation}/export/`, 'type='],
      ['/api/wallet/ledger/', 'turn=&turn='],
      ['/api/wallet/usage/', 'by=&from=&to='],
      ['/api/admin/usage/', 'by=&from=&to='],
      ['/api/admin/users/', 'search='],
      ['/api/admin/trail/', 'cursor='],
    ] as const) {
      const { status, body } = await ada.get(`${path}?${query}`);
      const { results } = (await ada.get(path)).body;
      expect([path, status, body.results]).toEqual([path, 200, results]);
    }
    await app.close();
  });
});
