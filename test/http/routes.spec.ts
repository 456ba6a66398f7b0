import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RouteTable } from '../../src/http/route-table.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { openConversation } from '../support/conversations.js';

/**
 * Every route that answers without credentials. To make a route public is a decision, so it must be listed here.
 */
const PUBLIC = [
  'GET /',
  'GET /api/docs',
  'GET /api/docs/:file',
  'GET /api/docs/docs.css',
  'GET /api/docs/start.js',
  'GET /api/schema',
  'GET /assets/:version/:file',
  'GET /health/live',
  'GET /health/ready',
  'POST /api/login',
  'POST /api/password/reset',
  'POST /api/password/reset/confirm',
  'POST /api/register',
  'POST /api/token',
  'POST /api/token/blacklist',
  'POST /api/token/refresh',
  'POST /api/token/verify',
];

/** Every route that can call a provider, and so must make a hold first. */
const SPENDING = [
  'POST /api/chat',
  'POST /api/conversations/:id/messages',
  'POST /v1/chat/completions',
  'POST /v1/responses',
];

/** The spending routes that store nothing to replay, and so refuse a key. `echo` does not support them. */
const SPENDING_WITHOUT_KEY = ['POST /v1/embeddings'];

/** The routes that create or move money without a provider. They accept a key too. */
const CREDITING = [
  'POST /api/admin/codes',
  'POST /api/admin/users/:username/grants',
  'POST /api/wallet/redeem',
];

const NOT_TAKEN = /takes no Idempotency-Key.*idempotency_key_not_taken/;

/** Routes that check the password of a caller with a session. */
const CHECKING_PASSWORDS = ['POST /api/password', 'DELETE /api/me'];

/** The rate limit of each public route. Routes with `none` are not counted. */
const PUBLIC_LIMITS: Readonly<Record<string, string>> = {
  'POST /api/login': 'login',
  'POST /api/password/reset': 'network',
  'POST /api/password/reset/confirm': 'network',
  'POST /api/register': 'register',
  'POST /api/token': 'login',
  'POST /api/token/blacklist': 'network',
  'POST /api/token/refresh': 'network',
  'POST /api/token/verify': 'network',
};

/** The scope that an API key needs for each route. All other routes only accept a session. */
const SCOPES: Readonly<Record<string, string>> = {
  'GET /api/chat': 'history',
  'POST /api/chat': 'chat',
  'GET /api/chat/:id': 'history',
  'GET /api/chat/:id/stream': 'chat',
  'POST /api/chat/quote': 'chat',
  'POST /api/chat/:turn/stop': 'chat',
  'GET /api/conversations': 'history',
  'POST /api/conversations': 'chat',
  'DELETE /api/conversations/:id': 'history',
  'GET /api/conversations/:id': 'history',
  'PATCH /api/conversations/:id': 'history',
  'GET /api/conversations/:id/export': 'history',
  'GET /api/conversations/:id/messages': 'history',
  'POST /api/conversations/:id/messages': 'chat',
  'GET /api/keys/current': 'any',
  'GET /api/token-balance': 'wallet',
  'GET /api/wallet': 'wallet',
  'GET /api/wallet/ledger': 'wallet',
  'POST /api/wallet/redeem': 'wallet',
  'GET /api/wallet/usage': 'wallet',
  'POST /v1/chat/completions': 'chat',
  'POST /v1/embeddings': 'chat',
  'GET /v1/models': 'chat',
  'GET /v1/models/:id': 'chat',
  'POST /v1/responses': 'chat',
  'DELETE /v1/responses/:id': 'history',
  'GET /v1/responses/:id': 'history',
};

const UNKNOWN_ID = '00000000-0000-7000-8000-000000000000';

describe('the routes', () => {
  let app: TestApp;
  let provider: ProviderProbe;

  beforeAll(async () => {
    app = await TestApp.start();
    provider = new ProviderProbe(app.nest);
  });
  afterAll(() => app.close());

  const routes = () =>
    app.nest
      .get(RouteTable)
      .all()
      .filter(({ method }) => method !== 'HEAD' && method !== 'OPTIONS');
  const pathOf = (path: string) => path.replaceAll(/:\w+/g, UNKNOWN_ID);

  /** Returns the path with the id of the caller's own conversation, if the path contains an id. */
  const ownPath = async (caller: Caller, path: string) =>
    path.startsWith('/api/conversations/:id')
      ? path.replace(':id', await openConversation(caller))
      : pathOf(path);

  it('require credentials, except those on the public list', async () => {
    const open = routes().filter(({ isPublic }) => isPublic);
    expect(open.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(PUBLIC);
    for (const { method, path, isPublic } of routes()) {
      if (isPublic) continue;
      const { status } = await app.send({ method, path: pathOf(path) });
      expect(`${method} ${path} ${String(status)}`).toBe(`${method} ${path} 401`);
    }
  });

  it('say which API keys may call them', () => {
    for (const { method, path, isPublic, access } of routes()) {
      if (isPublic) continue;
      const name = `${method} ${path}`;
      if (access === undefined) {
        throw new Error(
          `${name} does not say which API keys may call it: add @Access('chat'), 'history' or 'wallet' for keys of that scope, 'any' for all of them, 'session' for none; and write it into SCOPES here`,
        );
      }
      expect(`${name}: ${access}`).toBe(`${name}: ${SCOPES[name] ?? 'session'}`);
    }
  });

  it('are limited: public ones by network if they use the database, all others as spending, checking a password or reading', () => {
    for (const { method, path, isPublic, limit } of routes()) {
      const name = `${method} ${path}`;
      const spends = [...SPENDING, ...SPENDING_WITHOUT_KEY].includes(name);
      const notPublic = spends ? 'spend' : CHECKING_PASSWORDS.includes(name) ? 'password' : 'read';
      const expected = isPublic ? (PUBLIC_LIMITS[name] ?? 'none') : notPublic;
      expect(`${name}: ${limit}`).toBe(`${name}: ${expected}`);
      if (isPublic && expected === 'none') expect(method).toBe('GET');
    }
  });

  it('accept an Idempotency-Key only on a closed list; any other POST refuses it', async () => {
    const posts = routes().filter(({ method }) => method === 'POST');
    const acceptingKey = posts.filter(({ acceptsIdempotencyKey }) => acceptsIdempotencyKey);
    expect(acceptingKey.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      [...SPENDING, ...CREDITING].sort(),
    );
    const caller = await app.newUser();
    for (const { method, path, acceptsIdempotencyKey } of posts) {
      const key = { 'Idempotency-Key': `for ${path}`.replaceAll(' ', '-') };
      const { status, body } = await caller.send(method, pathOf(path), { title: 'x' }, key);
      const text = JSON.stringify(body);
      if (acceptsIdempotencyKey) expect(text).not.toContain('idempotency_key_not_taken');
      else expect([path, status, text]).toEqual([path, 400, expect.stringMatching(NOT_TAKEN)]);
    }
    expect(await caller.balance()).toBe(4000);
    expect(await app.database.count('conversations')).toBe(0);
    const keyHeader = { 'Idempotency-Key': 'k' };
    const anonymousRequest = { method: 'POST', path: '/api/conversations/', headers: keyHeader };
    expect((await app.send(anonymousRequest)).status).toBe(401);
  });

  it('call a provider only on the spending list, with a hold', async () => {
    const body = {
      message: 'hi',
      model: 'echo',
      messages: [{ role: 'user', content: 'hi' }],
      input: 'hi',
      title: 'x',
      daily: null,
      code: 'x',
      amount: 1,
      reason: 'x',
      active: true,
    };
    for (const { method, path, isPublic } of routes()) {
      if (isPublic || path === '/api/logout') continue;
      const name = `${method} ${path}`;
      const poor = await app.newUser({ tokens: 0 });
      const rich = await app.newUser();
      const calls = provider.calls;
      const sent = method === 'GET' ? undefined : body;
      const refused = await poor.send(method, await ownPath(poor, path), sent);
      expect(`${name}: ${String(provider.calls - calls)} calls`).toBe(`${name}: 0 calls`);
      if (SPENDING.includes(name)) expect(refused.status).toBe(402);
      await rich.send(method, await ownPath(rich, path), sent);
      const spent = SPENDING.includes(name) ? 1 : 0;
      expect(`${name}: ${String(provider.calls - calls)} calls`).toBe(
        `${name}: ${String(spent)} calls`,
      );
      expect(await rich.balance()).toBe(4000 - 100 * spent);
    }
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
});
