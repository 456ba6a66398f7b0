import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { Fleet } from '../support/fleet.js';

interface Session {
  readonly id: string;
  readonly kind: string;
  readonly current: boolean;
}

describe.each(databaseKinds)('sessions on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  const login = async ({ username }: Caller) => {
    const { body } = await app.post('/api/login/', { username, password: PASSWORD });
    return new Caller(app.http, (body as { token: string }).token, username);
  };
  const obtain = async ({ username }: Caller) => {
    const { body } = await app.post('/api/token/', { username, password: PASSWORD });
    return body as { access: string; refresh: string };
  };
  const use = async (token: string) =>
    (await app.send({ path: '/api/me/', headers: { Authorization: `Bearer ${token}` } })).status;
  const refresh = async (token: string) =>
    (await app.post('/api/token/refresh/', { refresh: token })).status;
  const list = async (caller: Caller) =>
    (await caller.get('/api/sessions/')).body.results as Session[];

  it('are listed newest first, of every kind, and mark the current one', async () => {
    const ada = await app.newUser();
    const second = await login(ada);
    const { access } = await obtain(ada);
    const shown = (await list(second)).map(({ kind: of, current }) => [of, current]);
    expect(shown).toEqual([
      ['jwt', false],
      ['access_token', true],
      ['access_token', false],
    ]);
    const byJwt = await app.send({
      path: '/api/sessions/?page_size=1',
      headers: { Authorization: `Bearer ${access}` },
    });
    expect(byJwt.body.results).toMatchObject([{ kind: 'jwt', current: true }]);
    const next = byJwt.body.next as string;
    const { body } = await ada.get(next.replace(/^https?:\/\/[^/]+/, ''));
    expect(body.results).toMatchObject([{ kind: 'access_token', current: false }]);
    expect(JSON.stringify(body)).not.toContain(second.token);
  });

  it('are at most a thousand of each kind; the least recently used tokens and the oldest JWTs end', async () => {
    const ada = await app.newUser();
    const [id, now] = [await app.ownerOf(ada), Date.now() * 1000];
    const copies = `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1200)`;
    const at = `CAST(${String(now)} AS bigint) - 1000000000 + n`;
    await app.database.rows(
      `INSERT INTO access_tokens ${copies} SELECT 'a' || n, 'digest' || n, $1, ${at}, ${at} FROM numbers`,
      [id],
    );
    const counts = async () => [
      await app.database.count('access_tokens', 'user_id = $1', [id]),
      await app.database.count('jwt_families', 'user_id = $1', [id]),
    ];
    const latest = await login(ada);
    expect(await counts()).toEqual([1000, 0]);
    expect([await use(ada.token), await use(latest.token)]).toEqual([200, 200]);
    const { refresh: kept } = await obtain(ada);
    await app.database.rows(
      `INSERT INTO jwt_families (id, user_id, refresh_jti, expires_at, created_at) ${copies}
       SELECT 'f' || n, $1, 'j' || n, ${at} + 2000000000, ${at} FROM numbers`,
      [id],
    );
    await obtain(ada);
    expect(await counts()).toEqual([1000, 1000]);
    expect([await refresh(kept), await use(ada.token)]).toEqual([200, 200]);
  });

  it('are not listed after they have expired', async () => {
    const ada = await app.newUser();
    await login(ada);
    await obtain(ada);
    const owner = await app.ownerOf(ada);
    const [, idle] = await list(ada);
    await app.database.rows('UPDATE access_tokens SET last_used_at = 1 WHERE id = $1', [idle?.id]);
    await app.database.rows('UPDATE jwt_families SET expires_at = 1 WHERE user_id = $1', [owner]);
    expect(await list(ada)).toMatchObject([{ current: true }]);
  });

  it('end one by one, from the next request on', async () => {
    const ada = await app.newUser();
    const second = await login(ada);
    const pair = await obtain(ada);
    const [family, token] = await list(ada);
    const end = (id = '') => ada.send('DELETE', `/api/sessions/${id}/`);
    expect((await end(token?.id)).status).toBe(204);
    expect((await second.get('/api/me/')).status).toBe(401);
    expect(await use(pair.access)).toBe(200);
    expect((await end(family?.id)).status).toBe(204);
    expect([await use(pair.access), await refresh(pair.refresh)]).toEqual([401, 401]);
    expect((await end(family?.id)).status).toBe(404);
    expect((await ada.get('/api/me/')).status).toBe(200);
  });

  it('of other users are not found and stay valid', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    const pair = await obtain(bob);
    for (const { id } of await list(bob)) {
      expect((await ada.send('DELETE', `/api/sessions/${id}/`)).status).toBe(404);
    }
    for (const id of ['1', '%00', "x' OR '1'='1", '00000000-0000-7000-8000-000000000000']) {
      const path = `/api/sessions/${encodeURIComponent(id)}/`;
      expect((await ada.send('DELETE', path)).status).toBe(404);
    }
    expect((await bob.get('/api/me/')).status).toBe(200);
    expect(await use(pair.access)).toBe(200);
  });

  it('end all except the current one, and none of other users', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    const second = await login(ada);
    const pair = await obtain(ada);
    expect((await second.send('DELETE', '/api/sessions/')).status).toBe(204);
    expect((await second.get('/api/me/')).status).toBe(200);
    expect([(await ada.get('/api/me/')).status, await use(pair.access)]).toEqual([401, 401]);
    expect(await refresh(pair.refresh)).toBe(401);
    expect((await bob.get('/api/me/')).status).toBe(200);
    const third = await obtain(ada);
    const byJwt = await app.send({
      method: 'DELETE',
      path: '/api/sessions/',
      headers: { Authorization: `Bearer ${third.access}` },
    });
    expect([byJwt.status, await use(third.access)]).toEqual([204, 200]);
    expect((await second.get('/api/me/')).status).toBe(401);
  });

  it('end when the password changes, except the current one', async () => {
    const ada = await app.newUser();
    const second = await login(ada);
    const pair = await obtain(ada);
    const change = { current_password: PASSWORD, new_password: 'An0ther-pass-2' };
    expect((await ada.send('POST', '/api/password/', change)).status).toBe(204);
    expect((await ada.get('/api/me/')).status).toBe(200);
    expect((await second.get('/api/me/')).status).toBe(401);
    expect([await use(pair.access), await refresh(pair.refresh)]).toEqual([401, 401]);
    const old = await app.post('/api/login/', { username: ada.username, password: PASSWORD });
    expect(old.status).toBe(400);
  });
});

describe('sessions on two processes', () => {
  if (!databaseKinds.includes('postgres')) return;
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await Fleet.on('postgres');
  });
  afterAll(() => fleet.close());

  it('end on both processes when the password changes on one', async () => {
    const [one, other] = [await fleet.start(), await fleet.start()];
    const ada = await fleet.newUser(one);
    const { body } = await one.http.send({
      method: 'POST',
      path: '/api/login/',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: ada.username, password: 'Str0ng-pass-1' }),
    });
    const thief = new Caller(other.http, (body as { token: string }).token, ada.username);
    expect((await thief.get('/api/me/')).status).toBe(200);
    const change = { current_password: 'Str0ng-pass-1', new_password: 'An0ther-pass-2' };
    expect((await ada.send('POST', '/api/password/', change)).status).toBe(204);
    expect((await thief.get('/api/me/')).status).toBe(401);
    expect((await fleet.callerOn(other, ada).get('/api/me/')).status).toBe(200);
  });
});
