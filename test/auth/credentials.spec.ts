import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { RedemptionService } from '../../src/wallet/redemption.service.js';
import { PASSWORD, TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { allContentOf } from '../support/all-content.js';

const IDLE_SECONDS = 10_000;
const IDLE_MICROS = IDLE_SECONDS * 1_000_000;
const JWT_SECRET = 'a secret that signs the tokens of this spec';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe.each(databaseKinds)('an access token on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    const settings = { ACCESS_TOKEN_IDLE_SECONDS: String(IDLE_SECONDS), JWT_SECRET };
    app = await TestApp.start(kind, settings);
  });
  afterAll(() => app.close());

  const login = async (username: string): Promise<string> => {
    const { status, body } = await app.post('/api/login/', { username, password: PASSWORD });
    expect([status, Object.keys(body as object)]).toEqual([200, ['token']]);
    return (body as { token: string }).token;
  };
  const use = (token: string, scheme = 'Token') =>
    app.send({ path: '/api/token-balance/', headers: { Authorization: `${scheme} ${token}` } });
  const logout = (token: string) =>
    app.send({
      method: 'POST',
      path: '/api/logout/',
      headers: { Authorization: `Token ${token}` },
    });
  const lastUsed = async (token: string) => {
    const sql = 'SELECT last_used_at AS at FROM access_tokens WHERE digest = $1';
    return (await app.database.rows<{ at: number }>(sql, [sha256(token)]))[0]?.at;
  };
  const age = (token: string, micros: number) =>
    app.database.rows(
      'UPDATE access_tokens SET last_used_at = last_used_at - $2 WHERE digest = $1',
      [sha256(token), Math.floor(micros)],
    );

  /** Makes the database refuse every change of a token, as with a full disk. */
  const refuseTouches = async () => {
    const on = 'BEFORE UPDATE ON access_tokens FOR EACH ROW';
    if (kind === 'sqlite') {
      const sql = `CREATE TRIGGER full ${on} BEGIN SELECT RAISE(ABORT, 'disk full'); END`;
      await app.database.rows(sql);
      return { end: () => app.database.rows('DROP TRIGGER full') };
    }
    await app.database.rows(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk full'; END $$`,
    );
    await app.database.rows(`CREATE TRIGGER "full" ${on} EXECUTE FUNCTION refuse()`);
    return { end: () => app.database.rows('DROP TRIGGER "full" ON access_tokens') };
  };

  it('is 160 random bits in hex, and a new one at each login', async () => {
    const ada = await app.newUser();
    const tokens = [ada.token, await login(ada.username), await login(ada.username)];
    expect(new Set(tokens).size).toBe(3);
    for (const token of tokens) {
      expect(token).toMatch(/^[\da-f]{40}$/);
      expect((await use(token)).status).toBe(200);
    }
    const sql =
      'SELECT digest FROM access_tokens WHERE user_id = (SELECT id FROM users WHERE username = $1)';
    const stored = await app.database.rows<{ digest: string }>(sql, [ada.username]);
    expect(stored.map(({ digest }) => digest).sort()).toEqual(tokens.map(sha256).sort());
  });

  it('is accepted as Token and as Bearer in any case, and never from the query or the body', async () => {
    const ada = await app.newUser();
    for (const scheme of ['Token', 'Bearer', 'TOKEN', 'bearer']) {
      expect((await use(ada.token, scheme)).status).toBe(200);
    }
    const query = await app.send({ path: `/api/token-balance/?access_token=${ada.token}` });
    const body = await app.post('/api/chat/', { message: 'hi', access_token: ada.token });
    expect([query.status, body.status]).toEqual([401, 401]);
    expect(await ada.balance()).toBe(4000);
  });

  it('is revoked by its own logout from the next request on, and no other token is', async () => {
    const ada = await app.newUser();
    const bob = await app.newUser();
    const [first, second] = [await login(ada.username), await login(ada.username)];
    const { status, raw } = await logout(first);
    expect([status, raw]).toEqual([204, '']);
    const refused = await use(first);
    expect([refused.status, refused.body]).toEqual([
      401,
      { detail: 'Invalid token.', code: 'authentication_failed' },
    ]);
    expect((await use(first, 'Bearer')).body).toMatchObject({ code: 'token_not_valid' });
    expect((await logout(first)).status).toBe(401);
    const others = await Promise.all([second, ada.token, bob.token].map((token) => use(token)));
    expect(others.map((answer) => answer.status)).toEqual([200, 200, 200]);
  });

  it('expires after being idle too long, and is removed at the next login', async () => {
    const ada = await app.newUser();
    const idle = await login(ada.username);
    await age(idle, IDLE_MICROS + 1_000_000);
    expect((await use(idle)).status).toBe(401);
    expect((await use(idle, 'Bearer')).status).toBe(401);
    expect(await lastUsed(idle)).toEqual(expect.any(Number));
    await login(ada.username);
    expect(await lastUsed(idle)).toBeUndefined();
    expect((await use(ada.token)).status).toBe(200);
  });

  it('stays valid while it is used; its use is stored once per tenth of the idle time', async () => {
    const ada = await app.newUser();
    const first = await lastUsed(ada.token);
    await use(ada.token);
    expect(await lastUsed(ada.token)).toBe(first);
    await age(ada.token, IDLE_MICROS * 0.9);
    expect((await use(ada.token)).status).toBe(200);
    const touched = await lastUsed(ada.token);
    expect(touched).toBeGreaterThan(first ?? 0);
    await use(ada.token);
    expect(await lastUsed(ada.token)).toBe(touched);
    await age(ada.token, IDLE_MICROS * 0.9);
    expect((await use(ada.token)).status).toBe(200);
  });

  it('is accepted for reads even if its use cannot be stored', async () => {
    const ada = await app.newUser();
    await age(ada.token, IDLE_MICROS * 0.5);
    const before = await lastUsed(ada.token);
    const refuse = await refuseTouches();
    const { status, body } = await use(ada.token);
    expect([status, body]).toEqual([200, { tokens: 4000 }]);
    expect(await lastUsed(ada.token)).toBe(before);
    await refuse.end();
    expect((await use(ada.token)).status).toBe(200);
    expect(await lastUsed(ada.token)).toBeGreaterThan(before ?? 0);
  });

  it('is refused while its user is inactive, and accepted again when the user is active', async () => {
    const ada = await app.newUser();
    const setActive = (active: boolean) =>
      app.database.rows('UPDATE users SET is_active = $2 WHERE username = $1', [
        ada.username,
        active,
      ]);
    await setActive(false);
    const [token, bearer] = [await use(ada.token), await use(ada.token, 'Bearer')];
    expect([token.status, token.body]).toEqual([
      401,
      { detail: 'User inactive or deleted.', code: 'authentication_failed' },
    ]);
    expect([bearer.status, bearer.body]).toEqual([
      401,
      { detail: 'User is inactive', code: 'user_inactive' },
    ]);
    expect((await ada.chat('let me in')).status).toBe(401);
    await setActive(true);
    expect(await ada.balance()).toBe(4000);
    expect(await ada.history()).toEqual([]);
  });

  it('is stored nowhere in readable form, like every other credential', async () => {
    const ada = await app.newUser();
    const credentials = { username: ada.username, password: PASSWORD };
    const { body: pair } = await app.post('/api/token/', credentials);
    const { body: next } = await app.post('/api/token/refresh/', { refresh: pair.refresh });
    const { code } = await app.nest
      .get(UnitOfWork)
      .run((tx) => app.nest.get(RedemptionService).make(tx, 500, 'a gift'));
    expect((await ada.send('POST', '/api/wallet/redeem/', { code })).status).toBe(200);
    expect((await ada.chat('hello', { 'Idempotency-Key': 'k1' })).status).toBe(200);
    const jwts = [pair.access, pair.refresh, next.access, next.refresh] as string[];
    const secrets = [
      ...[PASSWORD, ada.token, await login(ada.username), code, JWT_SECRET],
      ...jwts.map((jwt) => jwt.split('.')[2] ?? jwt),
    ];
    const stored = await allContentOf(app);
    expect(stored).toContain(ada.username);
    expect(stored).toContain(sha256(ada.token));
    for (const secret of secrets) {
      const bytes = Buffer.from(secret);
      for (const form of [secret, bytes.toString('base64'), bytes.toString('hex')]) {
        expect(stored.includes(form.replaceAll('=', ''))).toBe(false);
      }
    }
  });
});
