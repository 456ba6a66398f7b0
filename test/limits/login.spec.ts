import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Throttled } from '../../src/errors.js';
import { PASSWORD, TestApp } from '../support/app.js';
import type { Answer } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { itLightOnSqlite } from '../support/full-effort.js';
import { HashProbe } from '../support/hash-probe.js';
import { BEHIND_PROXY, from } from '../support/networks.js';

const ACCOUNT = 4;
/** Maximum number of attempts on one username from networks that have never logged in to it. */
const UNKNOWN_NETWORKS_MAX = 100;
const SETTINGS = { ...BEHIND_PROXY, RATE_LIMIT_LOGIN_ACCOUNT: `${String(ACCOUNT)}/m` };
const NEW = 'An0ther-pass-2';
const KNOWN_ADDRESS = '198.51.100.1';

const unknownAddress = (n: number) => `203.0.${String(Math.floor(n / 250))}.${String(n % 250)}`;
const counted = (answers: readonly Answer[], status: number) =>
  answers.filter((answer) => answer.status === status).length;

describe.each(databaseKinds)('logins on %s', (kind) => {
  let app: TestApp;
  let hashes: HashProbe;

  beforeAll(async () => {
    app = await TestApp.start(kind, SETTINGS);
    hashes = new HashProbe();
  });
  afterAll(async () => {
    hashes.stop();
    await app.close();
  });

  const itOnSqlite = itLightOnSqlite(kind);

  const register = (username: string) =>
    app.post('/api/register/', { username, password: PASSWORD }, from(KNOWN_ADDRESS));
  const login = (username: string, address: string, password = PASSWORD, path = '/api/login/') =>
    app.post(path, { username, password }, from(address));

  it('are counted by name and network, whatever the route and the case of the name', async () => {
    await register('ada');
    const guess = (n: number) =>
      login(
        n % 2 ? 'ADA' : 'ada',
        unknownAddress(0),
        'wrong',
        n % 3 ? '/api/login/' : '/api/token/',
      );
    for (let n = 0; n < ACCOUNT; n += 1) expect((await guess(n)).status).not.toBe(429);
    const late = Array.from({ length: ACCOUNT }, (_, n) => guess(ACCOUNT + n));
    expect(counted(await Promise.all(late), 429)).toBe(ACCOUNT);
    expect((await login('ada', unknownAddress(1))).status).toBe(200);
    expect((await login('grace', unknownAddress(0), 'wrong')).status).toBe(400);
  });

  it('have the same limit as password checks with a stolen token, which cost no hash after that', async () => {
    const { body } = await register('eve');
    const thief = app.callerOf((body as { token: string }).token, 'eve');
    const guesses = [
      () => thief.send('POST', '/api/password/', { current_password: 'wrong', new_password: NEW }),
      () => thief.send('DELETE', '/api/me/', { password: 'wrong' }),
    ];
    const guess = (n: number) => guesses[n % 2]?.();
    for (let n = 0; n < ACCOUNT; n += 1) expect((await guess(n))?.status).toBe(400);
    const work = await hashes.during(async () => {
      for (let n = 0; n < 4; n += 1) expect((await guess(n))?.status).toBe(429);
    });
    expect(work).toBe(0);
    expect((await thief.get('/api/token-balance/')).status).toBe(200);
    const { status, body: other } = await login('eve', KNOWN_ADDRESS);
    expect(status).toBe(200);
    const owner = app.callerOf((other as { token: string }).token, 'eve');
    expect((await owner.send('DELETE', '/api/me/', { password: 'wrong' })).status).toBe(400);
  });

  it('are refused in the same way for known and unknown names, without a hash, a second late', async () => {
    await register('known');
    const refusals: Answer[] = [];
    for (const name of ['known', 'unknown']) {
      for (let n = 0; n < ACCOUNT; n += 1) await login(name, unknownAddress(2), 'wrong');
      const began = performance.now();
      const begun = await hashes.during(async () => {
        refusals.push(await login(name, unknownAddress(2)));
      });
      expect(begun).toBe(0);
      expect(performance.now() - began).toBeGreaterThan(990);
    }
    const [known, unknown] = refusals.map(({ status, raw, headers }) => ({
      status,
      words: raw.replaceAll(/\d+/g, 'n'),
      policy: headers['ratelimit-policy'],
    }));
    expect(known).toEqual(unknown);
    expect(known?.policy).toBe('"login";q=30;w=60, "login-account";q=4;w=60');
  });

  it('are refused without a stack trace', () => {
    expect(new Throttled(2).stack).toBe(
      'Error: Request was throttled. Expected available in 2 seconds.',
    );
    expect(new Error('another').stack).toContain('login.spec.ts');
  });

  itOnSqlite(
    'of the owner from a known network work while strangers try from fifty networks',
    async () => {
      await register('owner');
      const tried = await Promise.all(
        Array.from({ length: UNKNOWN_NETWORKS_MAX + 50 }, (_, n) =>
          login('owner', unknownAddress(n % 50), 'wrong'),
        ),
      );
      expect(counted(tried, 400)).toBe(UNKNOWN_NETWORKS_MAX);
      expect(counted(tried, 429)).toBe(50);
      expect((await login('owner', unknownAddress(99))).status).toBe(429);
      expect((await login('owner', KNOWN_ADDRESS)).status).toBe(200);
      const pair = await login('owner', KNOWN_ADDRESS, PASSWORD, '/api/token/');
      expect(pair.status).toBe(200);
    },
  );

  it('make a network a known one after a success, in a table that outlives the process', async () => {
    await register('traveller');
    const [hotel] = [unknownAddress(200)];
    expect((await login('traveller', hotel)).status).toBe(200);
    const rows = await app.database.rows<{ digest: string }>(
      `SELECT n.digest FROM login_networks n JOIN users u ON u.id = n.user_id WHERE u.username = 'traveller'`,
    );
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toContain(hotel);
    await Promise.all(
      Array.from({ length: UNKNOWN_NETWORKS_MAX }, (_, n) =>
        login('traveller', unknownAddress(n), 'wrong'),
      ),
    );
    expect((await login('traveller', unknownAddress(201))).status).toBe(429);
    expect((await login('traveller', hotel)).status).toBe(200);
  });

  it('keep the ten most recent networks of a user', async () => {
    await register('nomad');
    for (let n = 0; n < 12; n += 1)
      expect((await login('nomad', unknownAddress(300 + n))).status).toBe(200);
    const [row] = await app.database.rows<{ id: string }>(
      `SELECT id FROM users WHERE username = 'nomad'`,
    );
    expect(await app.database.count('login_networks', 'user_id = $1', [row?.id])).toBe(10);
  });

  it('are counted by network before the name is read', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => login(`name${String(n)}`, unknownAddress(400), 'wrong')),
    );
    expect([counted(answers, 400), counted(answers, 429)]).toEqual([30, 10]);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers['ratelimit-policy']).toBe('"login";q=30;w=60');
  });
});
