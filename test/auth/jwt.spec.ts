import { SignJWT, UnsecuredJWT, decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import { type Answer, type Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';

const JWT_SECRET = 'a secret that signs the tokens of this spec';
const NOT_VALID = { detail: 'Token is invalid or expired', code: 'token_not_valid' };

interface Pair {
  readonly access: string;
  readonly refresh: string;
}

const sign = (claims: object, lifetimeSeconds: number, secret = JWT_SECRET, alg = 'HS256') =>
  new SignJWT({ ...claims })
    .setProtectedHeader({ alg })
    .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeSeconds)
    .sign(new TextEncoder().encode(secret));

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Returns texts that a lenient decoder reads as the same token: with padding, and with another unused bit. */
const otherTextsOf = (token: string) => [
  `${token}=`,
  token.slice(0, -1) + BASE64URL.charAt(BASE64URL.indexOf(token.slice(-1)) + 1),
];

describe.each(databaseKinds)('JWTs on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind, { JWT_SECRET });
  });
  afterAll(() => app.close());

  const obtain = async ({ username }: Caller): Promise<Pair> => {
    const { status, body } = await app.post('/api/token/', { username, password: PASSWORD });
    expect([status, Object.keys(body as object)]).toEqual([200, ['refresh', 'access']]);
    return body as Pair;
  };
  const refresh = (token: string) => app.post('/api/token/refresh/', { refresh: token });
  const verify = (token: string) => app.post('/api/token/verify/', { token });
  const blacklist = (token: string) => app.post('/api/token/blacklist/', { refresh: token });
  const use = (token: string, scheme = 'Bearer') =>
    app.send({ path: '/api/token-balance/', headers: { Authorization: `${scheme} ${token}` } });
  const setActive = ({ username }: Caller, active: boolean) =>
    app.database.rows('UPDATE users SET is_active = $2 WHERE username = $1', [username, active]);

  const expectRefused = ({ status, body, headers }: Answer) => {
    expect([status, body]).toEqual([401, NOT_VALID]);
    expect(headers['www-authenticate']).toBe('Bearer realm="api"');
  };
  const expectNoEntry = async (token: string) => {
    const { status, body } = await use(token);
    expect([status, body.code]).toEqual([401, 'token_not_valid']);
  };

  it('are accepted on every route, with either scheme, for five minutes', async () => {
    const ada = await app.newUser();
    const { access, refresh: refreshToken } = await obtain(ada);
    const { exp = 0, iat = 0 } = decodeJwt(access);
    expect(exp - iat).toBe(300);
    const { exp: refreshExp = 0, iat: refreshIat = 0 } = decodeJwt(refreshToken);
    expect(refreshExp - refreshIat).toBe(86_400);
    expect([(await use(access)).body, (await use(access, 'Token')).body]).toEqual([
      { tokens: 4000 },
      { tokens: 4000 },
    ]);
    const chat = await app.post(
      '/api/chat/',
      { message: 'hi' },
      { Authorization: `Bearer ${access}` },
    );
    expect(chat.status).toBe(200);
    expect(await ada.balance()).toBe(3900);
  });

  it('rotate at each refresh, and leave the previous access token valid', async () => {
    const first = await obtain(await app.newUser());
    const { status, body } = await refresh(first.refresh);
    const second = body as Pair;
    expect([status, Object.keys(second)]).toEqual([200, ['access', 'refresh']]);
    expect(second.refresh).not.toBe(first.refresh);
    expect((await refresh(second.refresh)).status).toBe(200);
    expect((await use(first.access)).status).toBe(200);
    expect((await use(second.access)).status).toBe(200);
  });

  /** Ends the grace period of all used refresh tokens of the family. */
  const endGrace = ({ refresh: token }: Pair) =>
    app.database.rows(
      'UPDATE jwt_rotations SET rotated_at = rotated_at - 60000000 WHERE family_id = $1',
      [decodeJwt(token)['family']],
    );

  it('end with their family if a spent refresh token is used after its grace', async () => {
    const ada = await app.newUser();
    const [stolen, other] = [await obtain(ada), await obtain(ada)];
    const { body: next } = await refresh(stolen.refresh);
    await endGrace(stolen);
    expectRefused(await verify(stolen.refresh));
    expect((await use((next as Pair).access)).status).toBe(200);
    expectRefused(await refresh(stolen.refresh));
    for (const pair of [stolen, next as Pair]) {
      await expectNoEntry(pair.access);
      expectRefused(await refresh(pair.refresh));
      expectRefused(await verify(pair.access));
    }
    expect((await use(other.access)).status).toBe(200);
    expect(await ada.balance()).toBe(4000);
  });

  it('are checked by verify, both kinds', async () => {
    const ada = await app.newUser();
    const pair = await obtain(ada);
    for (const token of [pair.access, pair.refresh]) {
      const { status, body } = await verify(token);
      expect([status, body]).toEqual([200, {}]);
    }
  });

  it('pass verify even if their user is inactive, but give no access', async () => {
    const ada = await app.newUser();
    const pair = await obtain(ada);
    const spent = await obtain(ada);
    await refresh(spent.refresh);
    const gone = await sign({ ...decodeJwt(pair.access), user_id: 1_000_000_000 }, 300);
    await setActive(ada, false);
    for (const token of [pair.access, pair.refresh, gone]) {
      const { status, body } = await verify(token);
      expect([status, body]).toEqual([200, {}]);
      expect((await use(token)).status).toBe(401);
    }
    expectRefused(await verify(spent.refresh));
    await blacklist(pair.refresh);
    expectRefused(await verify(pair.access));
    expectRefused(await verify(pair.refresh));
  });

  it('end at once by blacklist and by logout', async () => {
    const ada = await app.newUser();
    const [listed, left] = [await obtain(ada), await obtain(ada)];
    const { status, body } = await blacklist(listed.refresh);
    expect([status, body]).toEqual([200, {}]);
    await expectNoEntry(listed.access);
    expectRefused(await blacklist(listed.refresh));
    expectRefused(await refresh(listed.refresh));
    expect((await use(left.access)).status).toBe(200);

    const headers = { Authorization: `Bearer ${left.access}` };
    expect((await app.send({ method: 'POST', path: '/api/logout/', headers })).status).toBe(204);
    await expectNoEntry(left.access);
    expectRefused(await refresh(left.refresh));
    expect(await ada.balance()).toBe(4000);
  });

  it('are not accepted in place of each other', async () => {
    const pair = await obtain(await app.newUser());
    const asAccess = await use(pair.refresh);
    expect([asAccess.status, asAccess.body.messages[0].message]).toEqual([
      401,
      'Token has wrong type',
    ]);
    for (const answer of [await refresh(pair.access), await blacklist(pair.access)]) {
      expect([answer.status, answer.body]).toEqual([
        401,
        { detail: 'Token has wrong type', code: 'token_not_valid' },
      ]);
    }
    expect((await use(pair.access)).status).toBe(200);
    expect((await refresh(pair.refresh)).status).toBe(200);
  });

  it('are refused when expired, unsigned, signed by another key or algorithm, changed, or of another kind', async () => {
    const ada = await app.newUser();
    const pair = await obtain(ada);
    const [access, refreshClaims] = [decodeJwt(pair.access), decodeJwt(pair.refresh)];
    const [head = '', , signature = ''] = pair.access.split('.');
    const changed = Buffer.from(JSON.stringify({ ...access, user_id: 'root' })).toString(
      'base64url',
    );
    const forgeries = [
      await sign(access, -1),
      await sign(access, 300, 'another key, of thirty-two characters'),
      await sign(access, 300, JWT_SECRET, 'HS384'),
      await sign(access, 300, JWT_SECRET, 'HS512'),
      new UnsecuredJWT(access).setExpirationTime('5m').encode(),
      `${head}.${changed}.${signature}`,
      await sign({ ...access, token_type: 'sliding' }, 300),
      await sign({ ...access, family: 'no-such-family' }, 300),
      ...otherTextsOf(pair.access),
      'a.b.c',
      '..',
    ];
    for (const forgery of forgeries) await expectNoEntry(forgery);
    const refreshes = [
      await sign(refreshClaims, -1),
      await sign(refreshClaims, 300, 'another key, of thirty-two characters'),
      await sign(refreshClaims, 300, JWT_SECRET, 'HS512'),
      new UnsecuredJWT(refreshClaims).setExpirationTime('5m').encode(),
      ...otherTextsOf(pair.refresh),
    ];
    for (const forgery of refreshes) {
      expectRefused(await refresh(forgery));
      expectRefused(await verify(forgery));
      expectRefused(await blacklist(forgery));
    }
    expect((await use(pair.access)).status).toBe(200);
    expect((await refresh(pair.refresh)).status).toBe(200);
  });

  it('are refused for a deactivated user, who gets no new ones', async () => {
    const ada = await app.newUser();
    const pair = await obtain(ada);
    await setActive(ada, false);
    const [bearer, token] = [await use(pair.access), await use(pair.access, 'Token')];
    expect([bearer.status, bearer.body]).toEqual([
      401,
      { detail: 'User is inactive', code: 'user_inactive' },
    ]);
    expect(token.body.detail).toBe('User inactive or deleted.');
    const refused = await refresh(pair.refresh);
    expect([refused.status, refused.body]).toEqual([
      401,
      { detail: 'No active account found for the given token.', code: 'no_active_account' },
    ]);
    await setActive(ada, true);
    expect((await refresh(pair.refresh)).status).toBe(200);
  });

  it('are deleted at the next login after they have expired', async () => {
    const ada = await app.newUser();
    const { family } = decodeJwt((await obtain(ada)).access);
    await app.database.rows('UPDATE jwt_families SET expires_at = 1 WHERE id = $1', [family]);
    await obtain(ada);
    expect(await app.database.count('jwt_families', 'id = $1', [family])).toBe(0);
  });
});
