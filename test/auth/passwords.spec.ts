import { hash as argon2 } from 'argon2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load-config.js';
import { PASSWORD, TestApp } from '../support/app.js';
import { type Answer } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { HashGate } from '../support/hash-gate.js';
import { HashProbe } from '../support/hash-probe.js';
import { passwordsOf } from '../support/passwords.js';
import { until } from '../support/until.js';

const COST = { ARGON2_MEMORY_KIB: '19456', ARGON2_PASSES: '2' };
const REFUSAL = { non_field_errors: ['Unable to log in with provided credentials.'] };

describe.each(databaseKinds)('a password on %s', (kind) => {
  let app: TestApp;
  let hashes: HashProbe;

  beforeAll(async () => {
    app = await TestApp.start(kind, COST);
    hashes = new HashProbe();
  });
  afterAll(async () => {
    hashes.stop();
    await app.close();
  });

  const { login, obtain, storedHash, setHash } = passwordsOf(() => app);

  it('is stored as argon2id at the configured cost, salted', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    const [one, other] = [await storedHash(ada.username), await storedHash(bob.username)];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(other).not.toBe(one);
  });

  it('costs at least what OWASP recommends, unless the operator changes it', () => {
    const { argon2MemoryKib, argon2Passes } = loadConfig({});
    expect([argon2MemoryKib, argon2Passes]).toEqual([19_456, 2]);
  });

  it('is used unchanged, with its outer spaces', async () => {
    const password = '  Str0ng spaces  ';
    const { status } = await app.post('/api/register/', { username: 'spacey', password });
    expect(status).toBe(201);
    expect((await login('spacey', password)).status).toBe(200);
    expect((await login('spacey', password.trim())).status).toBe(400);
    expect((await login('spacey', ` ${password}`)).status).toBe(400);
  });

  it('is refused with the same answer and one hash for a wrong guess, an unknown name and an inactive user', async () => {
    const [ada, off] = [await app.newUser(), await app.newUser()];
    await app.database.rows('UPDATE users SET is_active = $2 WHERE username = $1', [
      off.username,
      false,
    ]);
    const before = await app.database.count('access_tokens');
    const tries = [
      [ada.username, 'Wr0ng-guess-1'],
      ['nobody-of-that-name', PASSWORD],
      [off.username, PASSWORD],
      [off.username, 'Wr0ng-guess-1'],
    ] as const;
    for (const [username, password] of tries) {
      const work = await hashes.during(async () => {
        const { status, body } = await login(username, password);
        expect([status, body]).toEqual([400, REFUSAL]);
      });
      const jwtWork = await hashes.during(async () => {
        const { status, body } = await obtain(username, password);
        const detail = 'No active account found with the given credentials';
        expect([status, body]).toEqual([401, { detail, code: 'no_active_account' }]);
      });
      expect([work, jwtWork]).toEqual([1, 1]);
    }
    expect(await hashes.during(() => login(ada.username))).toBe(1);
    expect(await app.database.count('access_tokens')).toBe(before + 1);
    expect(await app.database.count('jwt_families')).toBe(0);
  });

  it('is rehashed at login only if the cost has changed', async () => {
    const ada = await app.newUser();
    const cheap = await argon2(PASSWORD, { memoryCost: 8192, timeCost: 1, parallelism: 1 });
    await setHash(ada.username, cheap);
    expect(await hashes.during(() => login(ada.username, 'Wr0ng-guess-1'))).toBe(1);
    expect(await storedHash(ada.username)).toBe(cheap);
    expect(await hashes.during(() => login(ada.username))).toBe(2);
    expect(await storedHash(ada.username)).toContain('$m=19456,t=2,p=1$');
    expect(await hashes.during(() => login(ada.username))).toBe(1);
    expect((await login(ada.username)).status).toBe(200);
  });

  it('is refused if it was changed during the check', async () => {
    const ada = await app.newUser();
    const before = await app.database.count('access_tokens');
    const changed = await argon2('An0ther-pass-2', { memoryCost: 8192, timeCost: 1 });
    let attempts: Promise<Answer[]> | undefined;
    await app.database.inTransaction(async (rows) => {
      await rows('UPDATE users SET password_hash = $2 WHERE username = $1', [
        ada.username,
        changed,
      ]);
      const begun = hashes.begun;
      attempts = Promise.all([login(ada.username), obtain(ada.username)]);
      await until(() => hashes.begun >= begun + 2);
    });
    expect((await attempts)?.map(({ status }) => status)).toEqual([400, 401]);
    expect(await storedHash(ada.username)).toBe(changed);
    expect(await app.database.count('access_tokens')).toBe(before);
    expect(await app.database.count('jwt_families')).toBe(0);
  });

  it('is refused as too weak without a hash', async () => {
    const body = { username: 'weakling', password: 'password' };
    const work = await hashes.during(async () => {
      expect((await app.post('/api/register/', body)).status).toBe(400);
    });
    expect(work).toBe(0);
    expect(await storedHash('weakling')).toBeUndefined();
  });
});

describe('usernames', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(databaseKinds.at(-1));
  });
  afterAll(() => app.close());

  const register = (username: string) =>
    app.post('/api/register/', { username, password: PASSWORD });

  it.each([
    ['Ada', 'ada'],
    ['Straße', 'STRASSE'],
    ['ﬁnn', 'FINN'],
    ['Ａｎｎａ', 'anna'],
    ['Ωmega', 'ωMEGA'],
    ['café', 'CAFÉ'],
  ])('are unique ignoring case and width: %s takes %s', async (first, second) => {
    expect((await register(first)).status).toBe(201);
    const before = await app.database.count('users');
    const { status, body } = await register(second);
    expect([status, body]).toEqual([
      400,
      { username: ['A user with that username already exists.'] },
    ]);
    expect(await app.database.count('users')).toBe(before);
    expect(await app.database.count('wallets')).toBe(before);
    const { status: loggedIn } = await app.post('/api/login/', {
      username: second,
      password: PASSWORD,
    });
    expect(loggedIn).toBe(200);
  });

  it('are refused if their normal form breaks the rule', async () => {
    const before = await app.database.count('users');
    for (const username of ['one⑴', 'ﷺ'.repeat(150), 'a½', 'cafe\u0301']) {
      const { status, body } = await register(username);
      expect([username, status, Object.keys(body as object)]).toEqual([
        username,
        400,
        ['username'],
      ]);
    }
    expect(await app.database.count('users')).toBe(before);
  });
});

describe('password hashing under load', () => {
  let app: TestApp;
  let hashes: HashProbe;

  afterEach(async () => {
    hashes.stop();
    await app.close();
  });

  const start = async (settings: Record<string, string>) => {
    app = await TestApp.start('sqlite', settings);
    hashes = new HashProbe();
  };
  const storm = (count: number) =>
    Array.from({ length: count }, () =>
      app.post('/api/login/', { username: 'nobody', password: PASSWORD }),
    );

  it('runs at most HASH_CONCURRENCY hashes at once, and the rest wait', async () => {
    await start({ HASH_CONCURRENCY: '2' });
    const gate = new HashGate(app.nest);
    const logins = storm(12);
    await gate.untilWaiting(12);
    expect(hashes.begun).toBe(0);
    gate.open();
    const answers = await Promise.all(logins);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 400));
    expect([hashes.begun, hashes.concurrentMax]).toEqual([12, 2]);
  });

  it('answers 503 past HASH_QUEUE_MAX, and writes nothing', async () => {
    await start({ HASH_CONCURRENCY: '1', HASH_QUEUE_MAX: '2' });
    const gate = new HashGate(app.nest);
    const refused: Answer[] = [];
    const registrations = Array.from({ length: 10 }, async (_, n) => {
      const body = { username: `user-${String(n)}`, password: PASSWORD };
      const answer = await app.post('/api/register/', body);
      if (answer.status === 503) refused.push(answer);
      return answer.status;
    });
    await until(() => refused.length === 7); // The first one waits in the line of new networks.
    gate.open();
    expect((await Promise.all(registrations)).filter((status) => status === 201)).toHaveLength(3);
    for (const { body, headers } of refused) {
      expect(body).toEqual({ detail: 'Too many logins are waiting.', code: 'unavailable' });
      expect(headers['retry-after']).toBe('1');
    }
    for (const table of ['users', 'wallets', 'access_tokens', 'ledger_entries']) {
      expect([table, await app.database.count(table)]).toEqual([table, 3]);
    }
    expect([hashes.begun, hashes.concurrentMax]).toEqual([3, 1]);
  });

  it('lets no request wait if HASH_QUEUE_MAX is 0', async () => {
    await start({ HASH_CONCURRENCY: '1', HASH_QUEUE_MAX: '0' });
    const gate = new HashGate(app.nest);
    for (const login of storm(4)) expect((await login).status).toBe(503);
    expect(hashes.begun).toBe(0);
    gate.open();
    for (const login of storm(1)) expect((await login).status).toBe(400);
    expect(hashes.begun).toBe(1);
  });

  it('answers chats while logins wait', async () => {
    await start({ HASH_CONCURRENCY: '1' });
    const ada = await app.newUser();
    const gate = new HashGate(app.nest);
    let pending = 8;
    const logins = storm(pending).map((login) => login.finally(() => (pending -= 1)));
    for (let n = 0; n < 5; n += 1) {
      expect((await ada.chat(`chat ${String(n)}`)).status).toBe(200);
      expect(pending).toBe(8);
    }
    expect(await ada.balance()).toBe(3500);
    gate.open();
    await Promise.all(logins);
    expect(hashes.concurrentMax).toBe(1);
  });
});
