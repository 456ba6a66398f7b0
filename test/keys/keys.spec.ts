import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isWellFormed } from '../../src/keys/key-format.js';
import { makeKey } from '../support/api-keys.js';
import { TestApp } from '../support/app.js';
import { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { expectFault, expectProblem } from '../support/refusals.js';
import { StatementLog } from '../support/statement-log.js';

const DIGEST = (text: string) => createHash('sha256').update(text).digest('hex');
const LATER = '2099-01-01T00:00:00.000000Z';

describe.each(databaseKinds)('API keys on %s', (kind) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  const create = (caller: Caller, body: object) => caller.send('POST', '/api/keys/', body);

  it('are created with all scopes by default, and shown once', async () => {
    const ada = await app.newUser();
    const { status, body } = await create(ada, { name: ' laptop ' });
    expect(status).toBe(201);
    const { key, ...rest } = body as { key: string };
    expect(isWellFormed(key)).toBe(true);
    expect(rest).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      name: 'laptop',
      prefix: key.slice(0, 12),
      scopes: ['chat', 'history', 'wallet'],
      limit: null,
      limit_reset: null,
      used: 0,
      remaining: null,
      expires_at: null,
      last_used_at: null,
      created_at: expect.any(String),
    });
    expect((await ada.get('/api/keys/')).body).toEqual({
      next: null,
      previous: null,
      results: [rest],
    });
    expect((await ada.get(`/api/keys/${body.id as string}`)).body).toEqual(rest);
  });

  it('are created with the requested fields, and ignore all others', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    const bobs = await app.ownerOf(bob);
    const { body } = await create(ada, {
      ...{ name: 'nightly', scopes: ['wallet', 'chat', 'chat'], limit: 1000, limit_reset: 'daily' },
      ...{ expires_at: '2099-01-01', id: bobs, user_id: bobs, used: -500, is_staff: true },
      ...{ prefix: 'x', cap_id: bobs, last_used_at: LATER, key: 'tally_mine', spent_amount: -1 },
    });
    expect(body).toMatchObject({
      ...{ name: 'nightly', scopes: ['chat', 'wallet'], limit: 1000, limit_reset: 'daily' },
      ...{ used: 0, remaining: 1000, expires_at: LATER, last_used_at: null },
    });
    expect(body.id).not.toBe(bobs);
    expect(isWellFormed(body.key as string)).toBe(true);
    expect((await bob.get('/api/keys/')).body.results).toEqual([]);
  });

  it('are listed to the last one if one is deleted while a page is read', async () => {
    const ada = await app.newUser();
    for (const name of ['first', 'second', 'third']) await create(ada, { name });
    const list = async (path: string) =>
      (await ada.get(path)).body as { results: { name: string }[]; next: string | null };
    // As a deletion between the two reads of a page leaves it.
    await app.database.rows(
      `DELETE FROM spending_caps WHERE id IN (SELECT cap_id FROM api_keys WHERE name = 'third')`,
    );
    const { results, next } = await list('/api/keys/?page_size=2');
    expect(results).toMatchObject([{ name: 'second' }]);
    const { pathname, search } = new URL(String(next));
    expect((await list(pathname + search)).results).toMatchObject([{ name: 'first' }]);
  });

  it.each([
    [{}, 'name'],
    [{ name: '' }, 'name'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ name: 'x', scopes: [] }, 'scopes'],
    [{ name: 'x', scopes: ['admin'] }, 'scopes'],
    [{ name: 'x', scopes: { chat: true } }, 'scopes'],
    [{ name: 'x', limit: -1 }, 'limit'],
    [{ name: 'x', limit: 1.5 }, 'limit'],
    [{ name: 'x', limit_reset: 'weekly' }, 'limit_reset'],
    [{ name: 'x', expires_at: 'soon' }, 'expires_at'],
    [{ name: 'x', expires_at: '2020-01-01' }, 'expires_at'],
    [{ name: 'x', expires_at: '9999-12-31' }, 'expires_at'],
  ])('are not created from %j: 400 names %s', async (body, field) => {
    const ada = await app.newUser();
    expectFault(await create(ada, body), field, /^[A-Z"].+\.$/);
    expect(await app.database.count('api_keys', 'user_id = $1', [await app.ownerOf(ada)])).toBe(0);
  });

  it('are accepted with either scheme on every API, and are shown by name only', async () => {
    const ada = await app.newUser();
    const key = await makeKey(app.http, ada, { name: 'robot' });
    for (const scheme of ['Token', 'Bearer', 'bearer']) {
      const headers = {
        Authorization: `${scheme} ${key.secret}`,
        'Content-Type': 'application/json',
      };
      const body = JSON.stringify({ model: 'echo', messages: [{ role: 'user', content: 'hi' }] });
      const path = '/v1/chat/completions';
      expect((await app.send({ method: 'POST', path, headers, body })).status).toBe(200);
    }
    expect((await key.caller.chat('hello')).status).toBe(200);
    await ada.chat('in person');
    const turns = (await key.caller.get('/api/chat/')).body.results as { key: string }[];
    expect(turns.map((turn) => turn.key)).toEqual([null, 'robot', 'robot', 'robot', 'robot']);
    const entries = (await ada.get('/api/wallet/ledger/')).body.results as object[];
    expect(entries[0]).toMatchObject({ key: null, model: 'echo', amount: -100 });
    expect(entries[1]).toMatchObject({ key: 'robot', model: 'echo', amount: -100 });
    expect(entries[5]).toMatchObject({ key: null, model: null, kind: 'grant' });
    const { body } = await key.caller.get('/api/keys/current/');
    expect(body).toMatchObject({ id: key.id, name: 'robot', used: 400 });
    expect(Date.parse(body.last_used_at as string)).toBeGreaterThan(Date.now() - 60_000);
    expectProblem(await ada.get('/api/keys/current/'), 404, 'not_found');
    expect(await ada.balance()).toBe(3500);
  });

  it('are stored as digests only', async () => {
    const ada = await app.newUser();
    const { secret, id } = await makeKey(app.http, ada);
    const [row] = await app.database.rows<{ digest: string }>(
      'SELECT digest FROM api_key_secrets WHERE key_id = $1',
      [id],
    );
    expect(row?.digest).toBe(DIGEST(secret));
    for (const table of await app.database.tables()) {
      const rows = JSON.stringify(await app.database.rows(`SELECT * FROM "${table}"`));
      expect(rows).not.toContain(secret);
      expect(rows).not.toContain(secret.slice(14));
    }
  });

  it('with a typing error are refused without a query', async () => {
    const ada = await app.newUser();
    const { secret } = await makeKey(app.http, ada);
    const slip = new Caller(app.http, secret.slice(0, -1) + (secret.endsWith('x') ? 'y' : 'x'), '');
    const log = StatementLog.of(app.nest);
    const statements = await log.during(async () => {
      expectProblem(await slip.get('/api/token-balance/'), 401, 'authentication_failed');
    });
    // A sweep may run at the same time. It reads no credentials.
    expect(statements.filter(({ sql }) => /api_keys|access_tokens|users/.test(sql))).toEqual([]);
  });

  it('of other users are not found, and stay unchanged', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    const key = await makeKey(app.http, ada, { limit: 500 });
    const path = `/api/keys/${key.id}/`;
    expectProblem(await bob.get(path), 404, 'not_found');
    expectProblem(await bob.send('PATCH', path, { limit: 9, name: 'mine' }), 404, 'not_found');
    expectProblem(await bob.send('POST', `${path}rotate/`, {}), 404, 'not_found');
    expectProblem(await bob.send('DELETE', path), 404, 'not_found');
    expect((await key.caller.get('/api/keys/current/')).body).toMatchObject({
      name: 'script',
      limit: 500,
    });
  });

  it.each([
    [['spend'], '"spend" is not a valid choice.'],
    [[{ toString: 1, valueOf: 1 }], '"{"toString":1,"valueOf":1}" is not a valid choice.'],
    [[['chat']], '"["chat"]" is not a valid choice.'],
    [[[['chat', 'x'.repeat(500)]]], `"[["chat","${'x'.repeat(90)}…" is not a valid choice.`],
    [['x'.repeat(101)], `"${'x'.repeat(100)}…" is not a valid choice.`],
    [[], 'This list may not be empty.'],
    [{ toString: 1 }, 'Expected a list of items.'],
  ])('are not created with the scopes %j', async (scopes, sentence) => {
    const ada = await app.newUser();
    const { status, body } = await ada.send('POST', '/api/keys/', { name: 'laptop', scopes });
    expect([status, body]).toEqual([400, { scopes: [sentence] }]);
    expect((await ada.get('/api/keys/')).body).toMatchObject({ results: [] });
  });

  it('are changed field by field, and null removes a value', async () => {
    const ada = await app.newUser();
    const settings = { limit: 500, limit_reset: 'daily', expires_at: LATER, scopes: ['chat'] };
    const { id, caller } = await makeKey(app.http, ada, settings);
    const change = async (body: object) =>
      (await ada.send('PATCH', `/api/keys/${id}/`, body)).body as object;
    expect(await change({ name: 'renamed' })).toMatchObject({ name: 'renamed', ...settings });
    expect(await change({ limit: null, expires_at: null })).toMatchObject({
      ...{ name: 'renamed', limit: null, remaining: null, limit_reset: 'daily', expires_at: null },
    });
    expect(await change({ id: 'x', user_id: 'x', used: 7 })).toMatchObject({ id, used: 0 });
    expectProblem(await caller.get('/api/token-balance/'), 403, 'insufficient_scope');
    await change({ scopes: ['wallet'] });
    expect(await caller.balance()).toBe(4000);
    expectFault(
      await ada.send('PATCH', `/api/keys/${id}/`, { expires_at: '2020-01-01' }),
      'expires_at',
    );
  });
});
