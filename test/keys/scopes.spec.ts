import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RouteTable } from '../../src/http/route-table.js';
import { SCOPES } from '../../src/principal.js';
import { makeKey, type MadeKey } from '../support/api-keys.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { expectProblem, rowCounts } from '../support/refusals.js';

const UNKNOWN_ID = '00000000-0000-7000-8000-000000000000';

describe.each(databaseKinds)('an API key with scopes on %s', (kind) => {
  let app: TestApp;
  let ada: Caller;
  beforeAll(async () => {
    app = await TestApp.start(kind);
    ada = await app.newUser();
    await app.database.rows('UPDATE users SET is_staff = $2 WHERE username = $1', [
      ada.username,
      true,
    ]);
  });
  afterAll(() => app.close());

  const routes = (wanted: (access: string) => boolean) =>
    app.nest
      .get(RouteTable)
      .all()
      .filter(({ method }) => method !== 'HEAD' && method !== 'OPTIONS')
      .filter(({ isPublic, access = 'session' }) => !isPublic && wanted(access));
  const pathOf = (path: string, { id }: MadeKey) =>
    path.replace('/api/keys/:id', `/api/keys/${id}`).replaceAll(/:\w+/g, UNKNOWN_ID);

  it('cannot manage keys, sessions, the password, the account or users', async () => {
    const key = await makeKey(app.http, ada);
    await key.caller.balance();
    const before = await rowCounts(app);
    const keys = async () => ((await ada.get('/api/keys/')).body.results as unknown[]).length;
    const keysBefore = await keys();
    const managing = routes((access) => access === 'session');
    expect(managing.length).toBeGreaterThan(15);
    for (const { method, path } of managing) {
      const body =
        method === 'GET' ? undefined : { name: 'x', daily: 5, password: 'Str0ng-pass-1' };
      const answer = await key.caller.send(method, pathOf(path, key), body);
      expect([method, path, answer.status]).toEqual([method, path, 403]);
      expectProblem(answer, 403, 'session_required');
    }
    expect(await rowCounts(app)).toEqual(before);
    expect(await keys()).toBe(keysBefore);
    expect((await ada.get('/api/wallet/')).body.limits.daily).toBeNull();
  });

  it.each(SCOPES)('is refused by routes of other scopes with its own scope %s', async (scope) => {
    const key = await makeKey(app.http, ada, { scopes: [scope] });
    await key.caller.get('/api/keys/current/');
    const balance = await ada.balance();
    const before = await rowCounts(app);
    const closed = routes((access) => SCOPES.some((one) => one === access && one !== scope));
    expect(closed.length).toBeGreaterThan(5);
    for (const { method, path, access } of closed) {
      const body = { message: 'hi', model: 'echo', messages: [{ role: 'user', content: 'hi' }] };
      const sent = method === 'GET' ? undefined : body;
      const answer = await key.caller.send(method, pathOf(path, key), sent);
      expect([method, path, answer.status]).toEqual([method, path, 403]);
      expect(answer.headers['www-authenticate']).toBe(
        `Bearer error="insufficient_scope", scope="${String(access)}"`,
      );
      if (path.startsWith('/v1/')) {
        expect(answer.body.error).toEqual({
          message: `This API key does not have the scope "${String(access)}".`,
          type: 'invalid_request_error',
          param: null,
          code: 'insufficient_scope',
        });
      } else expectProblem(answer, 403, 'insufficient_scope');
    }
    expect(await rowCounts(app)).toEqual(before);
    expect(await ada.balance()).toBe(balance);
  });

  it.each([
    ['chat', 'POST', '/api/chat/', { message: 'hi' }, 200],
    ['chat', 'POST', '/api/conversations/', {}, 201],
    ['chat', 'GET', '/v1/models', undefined, 200],
    ['history', 'GET', '/api/chat/', undefined, 200],
    ['history', 'DELETE', `/api/conversations/${UNKNOWN_ID}/`, undefined, 404],
    ['wallet', 'GET', '/api/token-balance/', undefined, 200],
    ['wallet', 'POST', '/api/wallet/redeem/', { code: 'none' }, 400],
  ] as const)('with the scope %s can call %s %s', async (scope, method, path, body, status) => {
    const { caller } = await makeKey(app.http, ada, { scopes: [scope] });
    expect((await caller.send(method, path, body)).status).toBe(status);
  });
});
