import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import { type Answer, type Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';

interface Pair {
  readonly access: string;
  readonly refresh: string;
}

describe.each(databaseKinds)('a refresh of a JWT on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  const obtain = async ({ username }: Caller): Promise<Pair> =>
    (await app.post('/api/token/', { username, password: PASSWORD })).body as Pair;
  const refresh = (token: string) => app.post('/api/token/refresh/', { refresh: token });
  const use = (token: string) =>
    app.send({ path: '/api/token-balance/', headers: { Authorization: `Bearer ${token}` } });
  const expectRefused = ({ status, body }: Answer) => {
    expect([status, (body as { code: string }).code]).toEqual([401, 'token_not_valid']);
  };
  /** Ends the grace period of all used refresh tokens of the family. */
  const endGrace = ({ refresh: token }: Pair) =>
    app.database.rows(
      'UPDATE jwt_rotations SET rotated_at = rotated_at - 60000000 WHERE family_id = $1',
      [decodeJwt(token)['family']],
    );

  it('returns the same successor for a refresh token that is used again within the grace period', async () => {
    const first = await obtain(await app.newUser());
    const [once, again] = [await refresh(first.refresh), await refresh(first.refresh)];
    expect([once.status, again.status]).toEqual([200, 200]);
    const [one, other] = [once.body as Pair, again.body as Pair];
    expect(other.refresh).toBe(one.refresh);
    for (const { access } of [first, one, other]) expect((await use(access)).status).toBe(200);
    const next = (await refresh(one.refresh)).body as Pair;
    // A late tab can also continue: it gets one token after another, each within its own grace period.
    expect(((await refresh(first.refresh)).body as Pair).refresh).toBe(one.refresh);
    expect(((await refresh(one.refresh)).body as Pair).refresh).toBe(next.refresh);
    expect((await refresh(next.refresh)).status).toBe(200);
  });

  it('succeeds for ten tabs at once, with one valid refresh token', async () => {
    const ada = await app.newUser();
    let token = (await obtain(ada)).refresh;
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(token)));
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
      const pairs = answers.map(({ body }) => body as Pair);
      expect(new Set(pairs.map((pair) => pair.refresh)).size).toBe(1);
      for (const { access } of pairs) expect((await use(access)).status).toBe(200);
      token = pairs[0]?.refresh ?? '';
    }
    const { family } = decodeJwt(token);
    expect(await app.database.count('jwt_rotations', 'family_id = $1', [family])).toBe(3);
    expect(await ada.balance()).toBe(4000);
  });

  it('deletes tokens whose grace period is over', async () => {
    const first = await obtain(await app.newUser());
    const second = (await refresh(first.refresh)).body as Pair;
    await endGrace(second);
    expect((await refresh(second.refresh)).status).toBe(200);
    const { family } = decodeJwt(second.refresh);
    expect(await app.database.count('jwt_rotations', 'family_id = $1', [family])).toBe(1);
    expectRefused(await refresh(first.refresh));
    expectRefused(await refresh(second.refresh));
  });
});

describe.each(databaseKinds)('the grace of a spent refresh token on %s', (kind) => {
  const start = async (settings: Record<string, string>) => {
    const app = await TestApp.start(kind, settings);
    const { username } = await app.newUser();
    const { body } = await app.post('/api/token/', { username, password: PASSWORD });
    const refresh = (token: string) => app.post('/api/token/refresh/', { refresh: token });
    return { app, pair: body as Pair, refresh };
  };

  it('is a setting: with 0 a refresh token is valid once, and ten uses at once end the session', async () => {
    const { app, pair, refresh } = await start({ JWT_REFRESH_GRACE_SECONDS: '0' });
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(pair.refresh)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(9);
    expect(await app.database.count('jwt_families')).toBe(0);
    expect(await app.database.count('jwt_rotations')).toBe(0);
    await app.close();
  });

  it('is not needed with JWT_ROTATE=off: one refresh token is valid until it expires', async () => {
    const { app, pair, refresh } = await start({ JWT_ROTATE: 'off' });
    for (let n = 0; n < 3; n += 1) {
      const { status, body } = await refresh(pair.refresh);
      expect([status, Object.keys(body as object)]).toEqual([200, ['access']]);
      const headers = { Authorization: `Bearer ${(body as Pair).access}` };
      expect((await app.send({ path: '/api/token-balance/', headers })).status).toBe(200);
    }
    expect((await app.post('/api/token/verify/', { token: pair.refresh })).status).toBe(200);
    expect((await app.post('/api/token/blacklist/', { refresh: pair.refresh })).status).toBe(200);
    expect((await refresh(pair.refresh)).status).toBe(401);
    await app.close();
  });
});
