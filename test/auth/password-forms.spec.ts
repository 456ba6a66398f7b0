import { hash as argon2 } from 'argon2';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { HashProbe } from '../support/hash-probe.js';
import { passwordsOf } from '../support/passwords.js';

const COST = { memoryCost: 8192, timeCost: 1, parallelism: 1 };

describe.each(databaseKinds)('the form of a password on %s', (kind) => {
  let app: TestApp;
  let hashes: HashProbe;

  beforeAll(async () => {
    app = await TestApp.start(kind, {
      PUBLIC_BODY_MAX_BYTES: '1048576',
      ARGON2_MEMORY_KIB: String(COST.memoryCost),
      ARGON2_PASSES: String(COST.timeCost),
    });
    hashes = new HashProbe();
  });
  afterAll(async () => {
    hashes.stop();
    await app.close();
  });

  const { login, obtain, storedHash, setHash } = passwordsOf(() => app);

  it('does not matter: one password in every Unicode form', async () => {
    const composed = 'H\u00e4user-am-Fluss-7';
    const body = { username: `umlaut-${kind}`, password: composed.normalize('NFD') };
    expect((await app.post('/api/register/', body)).status).toBe(201);
    for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const) {
      const typed = composed.normalize(form);
      expect([form, (await login(body.username, typed)).status]).toEqual([form, 200]);
      expect([form, (await obtain(body.username, typed)).status]).toEqual([form, 200]);
    }
    expect((await login(body.username, 'Hauser-am-Fluss-7')).status).toBe(400);
  });

  it('counts characters in the normal form, from 8 to 128', async () => {
    const register = (username: string, password: string) =>
      app.post('/api/register/', { username: `${username}-${kind}`, password });
    const longest = '\u00e4\u00f6'.repeat(64);
    expect((await register('longest', longest.normalize('NFD'))).status).toBe(201);
    expect((await login(`longest-${kind}`, longest)).status).toBe(200);
    for (const form of ['NFC', 'NFD']) {
      const { status, body } = await register('longer', `${longest}\u00fc`.normalize(form));
      const sentence = 'Ensure this field has no more than 128 characters.';
      expect([status, body]).toEqual([400, { password: [sentence] }]);
    }
    const short = await register('short', '\u00e4\u00f6\u00fc\u00e9'.normalize('NFD'));
    expect([short.status, Object.keys(short.body)]).toEqual([400, ['password']]);
  });

  it('as typed still matches an older hash, which is then replaced', async () => {
    const ada = await app.newUser();
    const typed = 'Ha\u0308user-am-Fluss-7';
    const old = await argon2(typed, COST);
    await setHash(ada.username, old);
    expect((await login(ada.username, typed.normalize('NFC'))).status).toBe(400);
    expect(await storedHash(ada.username)).toBe(old);
    expect((await login(ada.username, typed)).status).toBe(200);
    expect(await storedHash(ada.username)).not.toBe(old);
    expect((await login(ada.username, typed.normalize('NFC'))).status).toBe(200);
    expect(await hashes.during(() => login(ada.username, typed))).toBe(1);
  });

  it('costs as many hashes for an unknown name as for a known one', async () => {
    const ada = await app.newUser();
    const typed = 'Wro\u0308ng-guess-1';
    for (const username of [ada.username, 'nobody-of-that-name']) {
      expect(await hashes.during(() => login(username, typed))).toBe(2);
      expect(await hashes.during(() => login(username, typed.normalize('NFC')))).toBe(1);
    }
  });

  it('is not computed for a name or a password of a megabyte', async () => {
    const hostile = `a${'\u0315'.repeat(150_000)}${'\u0316'.repeat(150_000)}`;
    const bodies: [string, number][] = [
      ['/api/login/', 400],
      ['/api/token/', 401],
      ['/api/register/', 400],
    ];
    for (const [path, status] of bodies) {
      const startedAt = performance.now();
      const answers = [
        await app.post(path, { username: hostile, password: PASSWORD }),
        await app.post(path, { username: 'nobody-of-that-name', password: hostile }),
      ];
      expect([path, answers.map((answer) => answer.status)]).toEqual([path, [status, status]]);
      // Without a limit, these two requests take more than 20 seconds.
      expect(performance.now() - startedAt).toBeLessThan(8000);
    }
    expect(await storedHash('nobody-of-that-name')).toBeUndefined();
  });
});
