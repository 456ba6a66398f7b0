import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RouteTable } from '../../src/http/route-table.js';
import { PASSWORD, TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';

/** Files that are the same for all callers. They set their own `Cache-Control`. */
const FOR_ALL = /^\/(?:$|assets\/|api\/docs)/;

describe('Cache-Control', () => {
  let app: TestApp;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start();
    ada = await app.newUser();
  });
  afterAll(() => app.close());

  it('is no-store on every answer except public files', async () => {
    const { nest } = app;
    const routes = nest.get(RouteTable).all();
    expect(routes.length).toBeGreaterThan(40);
    for (const { method, path } of routes) {
      if (FOR_ALL.test(path) || path === '/api/logout') continue;
      const body = ['GET', 'HEAD'].includes(method) ? undefined : {};
      const { headers } = await ada.send(method, path.replaceAll(/:\w+/g, 'x'), body);
      expect([method, path, headers['cache-control']]).toEqual([method, path, 'no-store']);
    }
  });

  it('is no-store on paid answers, credentials, errors and unknown paths', async () => {
    const account = { username: 'grace', password: PASSWORD };
    const answers = [
      await ada.chat('hi'),
      await app.post('/api/register/', account),
      await app.post('/api/login/', account),
      await app.post('/api/token/', account),
      await app.send({ path: '/api/wallet/' }),
      await ada.get('/api/nowhere/'),
      await ada.get('/v1/models/nobody'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 201, 200, 200, 401, 404, 404]);
    for (const { headers } of answers) expect(headers['cache-control']).toBe('no-store');
  });

  it('appears once on a stream', async () => {
    const { headers } = await ada.send('POST', '/api/chat/', { message: 'hi', stream: true });
    expect(headers['cache-control']).toBe('no-cache, no-transform');
  });
});
