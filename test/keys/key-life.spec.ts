import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeKey } from '../support/api-keys.js';
import { TestApp } from '../support/app.js';
import { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { expectFault, expectProblem } from '../support/refusals.js';
import { until } from '../support/until.js';

describe.each(databaseKinds)('API keys, over time, on %s', (kind) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  it('are refused if deleted or expired, or if their owner is inactive', async () => {
    const ada = await app.newUser();
    const [gone, over, kept] = [
      await makeKey(app.http, ada),
      await makeKey(app.http, ada),
      await makeKey(app.http, ada),
    ];
    for (const { caller } of [gone, over, kept]) expect(await caller.balance()).toBe(4000);
    expect((await ada.send('DELETE', `/api/keys/${gone.id}/`)).status).toBe(204);
    await app.database.rows('UPDATE api_keys SET expires_at = 1 WHERE id = $1', [over.id]);
    const ask = ({ caller }: typeof gone) => caller.chat('hi');
    expectProblem(await ask(gone), 401, 'authentication_failed');
    expectProblem(await ask(over), 401, 'authentication_failed');
    expect((await ask(kept)).status).toBe(200);
    await app.database.rows('UPDATE users SET is_active = $2 WHERE username = $1', [
      ada.username,
      false,
    ]);
    expectProblem(await ask(kept), 401, 'authentication_failed');
    expect(await app.database.count('turns', 'owner_id = $1', [await app.ownerOf(ada)])).toBe(1);
    expectProblem(await ada.send('DELETE', `/api/keys/${gone.id}/`), 401, 'authentication_failed');
  });

  it('are rotated: the previous one stays valid for the chosen time', async () => {
    const ada = await app.newUser();
    const first = await makeKey(app.http, ada, { name: 'worker', limit: 1000 });
    await first.caller.chat('before');
    const rotate = async (body: object) => {
      const answer = await ada.send('POST', `/api/keys/${first.id}/rotate/`, body);
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({ id: first.id, name: 'worker', limit: 1000 });
      return new Caller(app.http, answer.body.key as string, ada.username);
    };
    const second = await rotate({ overlap_seconds: 3600 });
    expect(second.token).not.toBe(first.secret);
    await second.chat('new');
    await first.caller.chat('old');
    expect((await second.get('/api/keys/current/')).body).toMatchObject({
      ...{ used: 300, remaining: 700, prefix: second.token.slice(0, 12) },
    });
    const third = await rotate({ overlap_seconds: 1 });
    await until(async () => (await second.get('/api/wallet/')).status === 401);
    // A later rotation does not shorten the time that an earlier one has set.
    expect((await first.caller.get('/api/wallet/')).status).toBe(200);
    const fourth = await rotate({ overlap_seconds: 0 });
    for (const caller of [first.caller, second, third]) {
      expectProblem(await caller.chat('over'), 401, 'authentication_failed');
    }
    expect(await fourth.balance()).toBe(3700);
    // Without a time, a key that may be known to others ends at once.
    const fifth = await rotate({});
    expectProblem(await fourth.chat('over'), 401, 'authentication_failed');
    for (const wrong of [{ overlap_seconds: -1 }, { overlap_seconds: 604_801 }]) {
      expectFault(
        await ada.send('POST', `/api/keys/${first.id}/rotate/`, wrong),
        'overlap_seconds',
      );
    }
    expect(await fifth.balance()).toBe(3700);
  });

  it('keep at most ten rotated secrets', async () => {
    const ada = await app.newUser();
    const { id, caller } = await makeKey(app.http, ada);
    const rotate = (overlap: number) =>
      ada.send('POST', `/api/keys/${id}/rotate/`, { overlap_seconds: overlap });
    for (let n = 0; n < 10; n += 1) expect((await rotate(3600)).status).toBe(201);
    expectFault(await rotate(3600), 'overlap_seconds');
    expect(await app.database.count('api_key_secrets', 'key_id = $1', [id])).toBe(11);
    expect(await caller.balance()).toBe(4000);
    expect((await rotate(0)).status).toBe(201);
    expect(await app.database.count('api_key_secrets', 'key_id = $1', [id])).toBe(1);
  });

  it('are at most a hundred for one user, also if made at once', async () => {
    const ada = await app.newUser();
    const answers = await Promise.all(
      Array.from({ length: 110 }, (_, n) => ada.send('POST', '/api/keys/', { name: String(n) })),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(100);
    expect(statuses.filter((status) => status === 400)).toHaveLength(10);
    const owner = await app.ownerOf(ada);
    expect(await app.database.count('api_keys', 'user_id = $1', [owner])).toBe(100);
    expect(await app.database.count('spending_caps', 'owner_id = $1', [owner])).toBe(100);
    const page = (await ada.get('/api/keys/?page_size=60')).body;
    const rest = (
      await ada.get(new URL(page.next as string).pathname + new URL(page.next as string).search)
    ).body;
    const names = [...page.results, ...rest.results].map(({ name }: { name: string }) => name);
    expect(new Set(names).size).toBe(100);
  });

  it('stay valid if the password changes, and are deleted with their owner', async () => {
    const ada = await app.newUser();
    const key = await makeKey(app.http, ada, { name: 'a name of hers' });
    await key.caller.chat('hi');
    const owner = await app.ownerOf(ada);
    const change = { current_password: 'Str0ng-pass-1', new_password: 'An0ther-pass-2' };
    expect((await ada.send('POST', '/api/password/', change)).status).toBe(204);
    expect(await key.caller.balance()).toBe(3900);
    expect((await ada.send('DELETE', '/api/me/', { password: 'An0ther-pass-2' })).status).toBe(204);
    expectProblem(await key.caller.get('/api/token-balance/'), 401, 'authentication_failed');
    for (const table of await app.database.tables()) {
      const rows = JSON.stringify(await app.database.rows(`SELECT * FROM "${table}"`));
      expect(rows).not.toContain('a name of hers');
    }
    expect(await app.database.count('spending_caps', 'owner_id = $1', [owner])).toBe(0);
    expect(await app.database.count('ledger_entries', 'owner_id = $1', [owner])).toBe(2);
    expect(await app.database.differences()).toEqual([]);
  });
});
