import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import type { Answer, Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { HalfSentRequest } from '../support/half-sent-request.js';
import { BEHIND_PROXY, from } from '../support/networks.js';
import { openConversation, sendMessage } from '../support/conversations.js';

const SPEND = 6;
const READ = 12;
const REGISTER = 3;

const SETTINGS = {
  ...BEHIND_PROXY,
  RATE_LIMIT_SPEND: `${String(SPEND)}/m`,
  RATE_LIMIT_READ: `${String(READ)}/m`,
  RATE_LIMIT_REGISTER: `${String(REGISTER)}/h`,
};

const statuses = (answers: readonly Answer[]) =>
  Object.fromEntries(
    [200, 201, 429].map((status) => [
      status,
      answers.filter((one) => one.status === status).length,
    ]),
  );

const times = (count: number, ask: (n: number) => Promise<Answer>) =>
  Promise.all(Array.from({ length: count }, (_, n) => ask(n)));

describe.each(databaseKinds)('limits on %s', (kind) => {
  let app: TestApp;
  let people = 0;

  beforeAll(async () => {
    app = await TestApp.start(kind, SETTINGS);
  });
  afterAll(() => app.close());

  const register = (username: string, address: string) =>
    app.post('/api/register/', { username, password: PASSWORD }, from(address));

  /** Registers a new user from a new address. */
  async function newPerson(): Promise<Caller> {
    people += 1;
    const username = `person${String(people)}`;
    const { status, body } = await register(username, `198.51.100.${String(people)}`);
    expect(status).toBe(201);
    return app.callerOf((body as { token: string }).token, username);
  }

  const charged = async ({ username }: Caller) => {
    const sql = `SELECT -sum(amount) AS spent FROM ledger_entries e JOIN users u ON u.id = e.owner_id
                 WHERE u.username = $1 AND e.kind = 'charge'`;
    const [row] = await app.database.rows<{ spent: number | string | null }>(sql, [username]);
    return Number(row?.spent ?? 0);
  };

  it('allow exactly the count of requests at once, and send Retry-After to the rest', async () => {
    const ada = await newPerson();
    const answers = await times(SPEND * 3, (n) => ada.chat(String(n)));
    expect(statuses(answers)).toEqual({ 200: SPEND, 201: 0, 429: SPEND * 2 });
    for (const { status, body, headers } of answers) {
      expect(headers['ratelimit-policy']).toBe(`"spend";q=${String(SPEND)};w=60`);
      expect(headers['ratelimit']).toMatch(/^"spend";r=\d+;t=\d+$/);
      if (status !== 429) continue;
      const seconds = Number(headers['retry-after']);
      expect(body).toEqual({
        detail: `Request was throttled. Expected available in ${String(seconds)} seconds.`,
        code: 'throttled',
      });
      expect(headers['ratelimit']).toBe(`"spend";r=0;t=${String(seconds)}`);
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(66);
    }
    const left = answers.map(({ headers }) => /r=(\d+)/.exec(String(headers['ratelimit']))?.[1]);
    expect(left.filter((r) => r !== '0').length).toBeGreaterThan(0);
    expect(await charged(ada)).toBe(SPEND * 100);
  });

  it('apply to a user, not to a credential or to other users', async () => {
    const [ada, bob] = [await newPerson(), await newPerson()];
    const login = { username: ada.username, password: PASSWORD };
    const { body: other } = await app.post('/api/login/', login, from('198.51.100.200'));
    const { body: pair } = await app.post('/api/token/', login, from('198.51.100.200'));
    const secrets = [
      ada.token,
      (other as { token: string }).token,
      (pair as { access: string }).access,
    ];
    const answers = await times(SPEND * 3, (n) =>
      app.post(
        '/api/chat/',
        { message: 'hi' },
        { Authorization: `Bearer ${String(secrets[n % 3])}` },
      ),
    );
    expect(statuses(answers)).toEqual({ 200: SPEND, 201: 0, 429: SPEND * 2 });
    expect((await bob.chat('hi')).status).toBe(200);
  });

  it('are shared by all APIs that spend', async () => {
    const ada = await newPerson();
    const conversationId = await openConversation(ada);
    const complete = () =>
      ada.send('POST', '/v1/chat/completions', {
        messages: [{ role: 'user', content: 'hi' }],
        model: 'echo',
      });
    for (let n = 0; n < SPEND; n += 3) {
      expect((await ada.chat('hi')).status).toBe(200);
      expect((await sendMessage(ada, conversationId, 'hi')).status).toBe(200);
      expect((await complete()).status).toBe(200);
    }
    const refused = await complete();
    expect([refused.status, refused.body]).toEqual([
      429,
      {
        error: {
          message: expect.stringContaining('Request was throttled.'),
          type: 'requests',
          param: null,
          code: 'rate_limit_exceeded',
        },
      },
    ]);
    expect(refused.headers).toMatchObject({
      'x-ratelimit-limit-requests': String(SPEND),
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': `${String(refused.headers['retry-after'])}s`,
    });
    const streamed = await ada.send('POST', '/api/chat/', { message: 'hi', stream: true });
    expect([streamed.status, (await sendMessage(ada, conversationId, 'hi')).status]).toEqual([
      429, 429,
    ]);
    expect(await charged(ada)).toBe(SPEND * 100);
  });

  it('allow replays as reads when spending is exhausted, and refuse a new key', async () => {
    const ada = await newPerson();
    const keyed = (key: string, message = 'once') => ada.chat(message, { 'Idempotency-Key': key });
    expect((await keyed('k')).status).toBe(200);
    await times(SPEND, () => ada.chat('hi'));
    const replay = await keyed('k');
    expect([replay.status, replay.headers['idempotent-replayed']]).toEqual([200, 'true']);
    expect(replay.headers['ratelimit-policy']).toBe(`"read";q=${String(READ)};w=60`);
    expect((await keyed('k', 'twice')).status).toBe(422);
    expect((await keyed('another')).status).toBe(429);
    // The same key on another route is a new request.
    const conversationId = await openConversation(ada);
    expect(
      (await sendMessage(ada, conversationId, 'once', { 'Idempotency-Key': 'k' })).status,
    ).toBe(429);
    // So is a key that only another user has used.
    const bob = await newPerson();
    expect((await bob.chat('once', { 'Idempotency-Key': 'of-bob' })).status).toBe(200);
    expect((await keyed('of-bob')).status).toBe(429);
    await times(READ, () => ada.get('/api/token-balance/'));
    expect((await keyed('k')).status).toBe(429);
    expect(await charged(ada)).toBe(SPEND * 100);
  });

  it('allow exactly the count of reads, on any route', async () => {
    const ada = await newPerson();
    const paths = ['/api/token-balance/', '/api/chat/', '/api/wallet/', '/v1/models'];
    const answers = await times(READ * 2, (n) => ada.get(String(paths[n % paths.length])));
    expect(statuses(answers)).toEqual({ 200: READ, 201: 0, 429: READ });
    expect((await ada.chat('hi')).status).toBe(200);
  });

  it('are checked after credentials, and before the body and the money', async () => {
    const ada = await newPerson();
    await times(SPEND, () => ada.chat('hi'));
    await app.database.rows('UPDATE wallets SET daily_limit = 0 WHERE owner_id = $1', [
      await app.ownerOf(ada),
    ]);
    expect((await ada.chat('hi')).status).toBe(429);
    expect((await ada.send('POST', '/api/chat/', {})).status).toBe(429);
    expect((await app.post('/api/chat/', { message: 'hi' })).status).toBe(401);
  });

  it('count registrations by network, and refuse before the body is read', async () => {
    const [home, other] = ['203.0.113.1', '203.0.113.2'];
    const before = await app.database.count('users');
    const answers = await times(REGISTER * 4, (n) => register(`many${String(n)}`, home));
    expect(statuses(answers)).toEqual({ 200: 0, 201: REGISTER, 429: REGISTER * 3 });
    expect(answers[0]?.headers['ratelimit-policy']).toBe(`"register";q=${String(REGISTER)};w=3600`);
    const half = new HalfSentRequest(
      `${app.url}/api/register/`,
      { username: 'half', password: PASSWORD },
      from(home),
    );
    await half.begin();
    expect((await half.answer).statusCode).toBe(429);
    half.disconnect();
    expect((await register('elsewhere', other)).status).toBe(201);
    expect(await app.database.count('users')).toBe(before + REGISTER + 1);
  });

  it('count an IPv6 customer as one network', async () => {
    const answers = await times(REGISTER * 2, (n) =>
      register(`six${String(n)}`, `2001:db8::${String(n)}`),
    );
    expect(statuses(answers)).toEqual({ 200: 0, 201: REGISTER, 429: REGISTER });
    expect((await register('neighbour', '2001:db8:0:1::1')).status).toBe(201);
  });
});

// Not among the cases above: Passport's strategies belong to the process, so of two services in it only the one that
// started last authenticates its users.
describe.each(databaseKinds)('limits without TRUSTED_PROXIES on %s', (kind) => {
  it('ignore the forwarded address of a client that is not a trusted proxy', async () => {
    const plain = await TestApp.start(kind, { ...SETTINGS, TRUSTED_PROXIES: '' });
    const answers = await times(REGISTER * 2, (n) =>
      plain.post(
        '/api/register/',
        { username: `u${String(n)}`, password: PASSWORD },
        from(`192.0.2.${String(n)}`),
      ),
    );
    expect(statuses(answers)).toEqual({ 200: 0, 201: REGISTER, 429: REGISTER });
    await plain.close();
  });
});

describe('RATE_LIMITS=off', () => {
  it('refuses no request, and sends no limit headers', async () => {
    const app = await TestApp.start('sqlite', { ...SETTINGS, RATE_LIMITS: 'off' });
    const ada = await app.newUser();
    const answers = await times(SPEND * 2, () => ada.chat('hi'));
    expect(statuses(answers)).toEqual({ 200: SPEND * 2, 201: 0, 429: 0 });
    for (const { headers } of answers) expect(headers).not.toHaveProperty('ratelimit-policy');
    await app.close();
  });
});
