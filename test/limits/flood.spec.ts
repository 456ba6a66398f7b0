import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { RefusalDelay } from '../../src/limits/refusal-delay.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { HashProbe } from '../support/hash-probe.js';
import { until } from '../support/until.js';

const CLIENTS = 60;
const LASTS_MS = 2000;
/** Of one network, at once; the others are refused. */
const AT_ONCE = 20;

/** Answers by status that clients get who ask again as soon as they are answered. */
async function flood(
  url: string,
  {
    method,
    headers,
    body = '',
  }: { method: string; headers: Record<string, string>; body?: string },
): Promise<Record<number, number>> {
  const agent = new Agent({ keepAlive: true });
  const answers: Record<number, number> = {};
  const until = performance.now() + LASTS_MS;
  const once = () =>
    new Promise<void>((resolve, reject) => {
      const call = request(url, { method, headers, agent }, (response) => {
        const { statusCode = 0 } = response;
        answers[statusCode] = (answers[statusCode] ?? 0) + 1;
        response.resume().on('end', resolve);
      });
      call.on('error', reject).end(body);
    });
  const client = async () => {
    while (performance.now() < until) await once();
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  agent.destroy();
  return answers;
}

describe('refusals of clients who do not pause', () => {
  let app: TestApp;
  let chatter: Caller;

  beforeAll(async () => {
    app = await TestApp.start('sqlite', {
      REQUESTS_PER_CALLER_MAX: String(AT_ONCE),
      // A hash takes long enough for others to find the queue full.
      ARGON2_MEMORY_KIB: '8192',
      ARGON2_PASSES: '1',
      HASH_CONCURRENCY: '1',
      HASH_QUEUE_MAX: '1',
      RATE_LIMITS: 'on',
      RATE_LIMIT_READ: '30/m',
      RATE_LIMIT_LOGIN: '100000/m',
    });
    chatter = await app.newUser({ username: 'chatter' });
  });
  afterAll(() => app.close());

  /** Each client is answered once a second at most, but for some first refusals of each second. */
  const MOST = CLIENTS * 3 + 25 * 4;

  it('are sent a second late to logins, while others are served', async () => {
    const flooding = flood(`${app.url}/api/login/`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: 'nobody', password: 'wrong' }),
    });
    const chats = [];
    for (let n = 0; n < 10; n += 1) chats.push(await chatter.chat('Hello'));
    const answers = await flooding;
    expect(chats.map(({ status }) => status)).toEqual(chats.map(() => 200));
    expect(Object.keys(answers).sort()).toEqual(['400', '429', '503']);
    const refused = (answers[429] ?? 0) + (answers[503] ?? 0);
    expect(refused).toBeGreaterThan(AT_ONCE);
    expect(refused).toBeLessThan(MOST);
  });

  it('are sent a second late to a user past a limit, and at once after a pause', async () => {
    const reader = await app.newUser({ username: 'reader' });
    const answers = await flood(`${app.url}/api/token-balance/`, {
      method: 'GET',
      headers: { Authorization: `Token ${reader.token}` },
    });
    expect(answers[200]).toBeGreaterThanOrEqual(AT_ONCE);
    expect(answers[200]).toBeLessThanOrEqual(30);
    expect(answers[429]).toBeGreaterThan(AT_ONCE);
    expect(answers[429]).toBeLessThan(MOST);
    await until(async () => {
      // During this second, no client asks too often.
      await sleep(1100);
      const began = performance.now();
      expect((await reader.get('/api/token-balance/')).status).toBe(429);
      return performance.now() - began < 990;
    });
    expect((await chatter.get('/api/token-balance/')).status).toBe(200);
  });

  const json = { 'Content-Type': 'application/json' };
  const LARGE = { Connection: 'close', 'Content-Length': '200000' };
  const registration = JSON.stringify({ username: 'newcomer', password: 'short' });
  it.each([
    [429, 'registrations past their limit', 'POST', '/api/register/', json, registration],
    [401, 'tokens that are none', 'GET', '/api/token-balance/', { Authorization: 'Token none' }],
    [404, 'paths that there are not', 'GET', '/api/nothing/', {}],
    [400, 'bodies that are none', 'POST', '/api/login/', json, '{'],
    // The body is not read, so the connection ends with the response.
    [413, 'bodies that are too large', 'POST', '/api/login/', { ...json, ...LARGE }],
  ])('are sent a second late to strangers: %i for %s', async (...row) => {
    const [status, , method, path, headers, body] = row;
    const users = await app.database.count('users');
    const answers = await flood(`${app.url}${path}`, { method, headers, body: body ?? '' });
    const refused = Object.values(answers).reduce((sum, count) => sum + count, 0);
    expect(answers[status]).toBeGreaterThan(AT_ONCE);
    expect(refused).toBeGreaterThan(CLIENTS);
    expect(refused).toBeLessThan(MOST);
    expect((await chatter.chat('Hello')).status).toBe(200);
    expect(await app.database.count('users')).toBe(users);
  });

  it('are sent at once to a user within the limits, whatever the fault', async () => {
    const refusals = app.nest.get(RefusalDelay);
    const wait = refusals.wait.bind(refusals);
    let waits = 0;
    refusals.wait = (caller) => {
      waits += 1;
      return wait(caller);
    };
    const nowhere = '/api/conversations/00000000-0000-7000-8000-000000000000/messages/';
    const balance = await chatter.balance();
    for (let n = 0; n < 2 * AT_ONCE; n += 1) {
      expect((await chatter.send('POST', '/api/chat/', { message: '' })).status).toBe(400);
      expect((await chatter.send('POST', nowhere, { message: 'Hello' })).status).toBe(404);
    }
    expect(waits).toBe(0);
    expect(await chatter.balance()).toBe(balance);
    for (let n = 0; n <= AT_ONCE && waits === 0; n += 1) {
      const headers = { Authorization: 'Token none' };
      const calls = Array.from({ length: 30 }, () => app.send({ path: '/api/chat/', headers }));
      for (const { status } of await Promise.all(calls)) expect(status).toBe(401);
    }
    expect(waits).toBeGreaterThan(0);
    refusals.wait = wait;
  });
});

describe('late refusals', () => {
  it('are sent one by one, also if they come at once', async () => {
    const COUNT = 30;
    const refusals = new RefusalDelay({ requestsMax: 5000 });
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: COUNT }, () => refusals.wait('one')));
    expect(performance.now() - startedAt).toBeGreaterThan(1000 + (COUNT - 2) * 20);
  });
});

describe('hashes for strangers', () => {
  it('take less than half of the time while the event loop is busy', async () => {
    const app = await TestApp.start('sqlite', { HASH_CONCURRENCY: '1' });
    const hashes = new HashProbe();
    let isBusy = true;
    const spend = () => {
      const end = performance.now() + 2;
      while (performance.now() < end);
      if (isBusy) setImmediate(spend);
    };
    spend();
    const startedAt = performance.now();
    const body = { username: 'nobody', password: 'wrong' };
    const logins = Array.from({ length: 12 }, () => app.post('/api/login/', body));
    for (const { status } of await Promise.all(logins)) expect(status).toBe(400);
    const tookMs = performance.now() - startedAt;
    isBusy = false;
    expect([hashes.begun, hashes.concurrentMax]).toEqual([12, 1]);
    expect(hashes.runningMs).toBeLessThan(tookMs / 2);
    hashes.stop();
    await app.close();
  });
});
