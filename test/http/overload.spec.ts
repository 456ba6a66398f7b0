import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RequestGate } from '../../src/http/request-gate.js';
import { TestApp } from '../support/app.js';
import type { Answer, Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { until } from '../support/until.js';

const REQUESTS_MAX = 20;
const REFUSED = { detail: 'Too many requests are under way.', code: 'unavailable' };

describe.each(databaseKinds)('more requests than REQUESTS_MAX on %s', (kind) => {
  let app: TestApp;
  let provider: ProviderProbe;
  let ada: Caller;
  let answerAll: () => void;

  beforeEach(async () => {
    app = await TestApp.start(kind, { REQUESTS_MAX: String(REQUESTS_MAX) });
    provider = new ProviderProbe(app.nest);
    ada = await app.newUser();
    const gate = new Promise<void>((resolve) => (answerAll = resolve));
    provider.delayWith(() => gate);
  });
  afterEach(() => app.close());

  /** Fills the service with chats that wait for their provider. */
  const fill = async (): Promise<Promise<Answer>[]> => {
    const chats = Array.from({ length: REQUESTS_MAX }, () => ada.chat('wait'));
    await until(() => provider.calls >= REQUESTS_MAX);
    return chats;
  };

  it('get 503 with Retry-After, and cost nothing', async () => {
    const chats = await fill();
    for (const refused of [await ada.chat('one too many'), await ada.get('/api/token-balance/')]) {
      const { status, body, headers } = refused;
      expect([status, body, headers['retry-after']]).toEqual([503, REFUSED, '1']);
    }
    expect(provider.calls).toBe(REQUESTS_MAX);
    answerAll();
    const statuses = (await Promise.all(chats)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await ada.balance()).toBe(4000 - 100 * REQUESTS_MAX);
    expect(await app.database.count('holds')).toBe(REQUESTS_MAX);
  });

  it('are answered again when there is room', async () => {
    const chats = await fill();
    expect((await ada.get('/api/token-balance/')).status).toBe(503);
    answerAll();
    await Promise.all(chats);
    expect((await ada.chat('now')).status).toBe(200);
  });

  it('do not block the health checks of a balancer', async () => {
    const chats = await fill();
    for (const path of ['/health/live', '/health/ready']) {
      expect([path, (await app.send({ path })).status]).toEqual([path, 200]);
    }
    answerAll();
    await Promise.all(chats);
  });

  it('are dropped with their connection, including pipelined ones', async () => {
    const { hostname, port } = new URL(app.url);
    for (let n = 0; n < 3; n += 1) {
      const calls = provider.calls;
      const socket = connect(Number(port), hostname);
      const body = '{"message": "first"}';
      socket.write(
        `POST /api/chat/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token ${ada.token}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}` +
          'GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2 * REQUESTS_MAX),
      );
      await until(() => provider.calls !== calls);
      socket.resetAndDestroy();
    }
    // The model never answers. Each chat ends because its caller has left.
    const open = () => app.database.count('holds', `state = 'open'`);
    await until(async () => (await open()) <= 0);
    expect(await app.nest.get(RequestGate).drain(5000)).toBe(true);
    // The provider was called for each of them, so each costs its flat price, once.
    expect(await app.database.count('holds', `state = 'captured'`)).toBe(3);
    expect(await app.database.count('ledger_entries', 'amount < 0')).toBe(3);
    answerAll();
  });
});
