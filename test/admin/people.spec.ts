import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { allContentOf } from '../support/all-content.js';

interface Entry {
  readonly by: string;
  readonly action: string;
  readonly target: string;
  readonly reason: string;
}

describe.each(databaseKinds)('operators who manage users on %s', (kind) => {
  let app: TestApp;
  let staff: Caller;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start(kind, { REGISTRATION: 'open' });
    staff = await newOperator();
  });
  beforeEach(async () => {
    ada = await app.newUser();
  });
  afterAll(() => app.close());

  const newOperator = async () => {
    const operator = await app.newUser();
    await app.database.rows('UPDATE users SET is_staff = $2 WHERE username = $1', [
      operator.username,
      true,
    ]);
    return operator;
  };
  const create = (body: object) => staff.send('POST', '/api/admin/users/', body);
  const change = (who: Caller, body: object, by = staff) =>
    by.send('PATCH', `/api/admin/users/${who.username}/`, body);
  const login = async (username: string, password: string) =>
    (await app.post('/api/login/', { username, password })).status;
  const trailOf = async (target: string) => {
    const { body } = await staff.get('/api/admin/trail/?page_size=100');
    return (body.results as Entry[]).filter((entry) => entry.target === target);
  };

  it('create a user with a password and a wallet, and nothing else', async () => {
    const wished = {
      username: `Bea-${kind}`,
      password: PASSWORD,
      email: 'Bea@EXAMPLE.com',
      reason: 'a new colleague',
      staff: true,
      is_staff: true,
      balance: 1_000_000,
      id: '00000000-0000-7000-8000-000000000000',
    };
    const { status, body } = await create(wished);
    expect([status, body]).toEqual([
      201,
      {
        id: expect.not.stringContaining(wished.id),
        username: wished.username,
        email: 'Bea@example.com',
        active: true,
        staff: false,
        balance: 4000,
        held: 0,
        created_at: expect.any(String),
        password_token: null,
      },
    ]);
    expect(await login(`bea-${kind}`, PASSWORD)).toBe(200);
    expect(await trailOf(wished.username)).toMatchObject([
      { by: staff.username, action: 'create_user', reason: 'a new colleague' },
    ]);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('create a user who sets a password by a token that is stored nowhere', async () => {
    const { status, body } = await create({ username: `cy-${kind}` });
    const token = body.password_token as string;
    expect([status, typeof token]).toEqual([201, 'string']);
    expect(await login(`cy-${kind}`, '')).toBe(400);
    expect(await allContentOf(app)).not.toContain(token);
    const confirm = { token, new_password: 'An0ther-pass-2' };
    expect((await app.post('/api/password/reset/confirm/', confirm)).status).toBe(204);
    expect(await login(`cy-${kind}`, 'An0ther-pass-2')).toBe(200);
  });

  it.each([
    [{}, 'username'],
    [{ username: 'no spaces' }, 'username'],
    [{ username: '..' }, 'username'],
    [{ username: 'dora', password: 'password' }, 'password'],
    [{ username: 'dora', password: '' }, 'password'],
    [{ username: 'dora', email: 'x' }, 'email'],
    [{ username: 'dora', reason: 'x'.repeat(201) }, 'reason'],
  ])('create no user from %j', async (body, field) => {
    const counts = () => Promise.all([app.database.count('users'), app.database.count('wallets')]);
    const before = await counts();
    const { status, body: answer } = await create(body);
    expect([status, Object.keys(answer as object)]).toEqual([400, [field]]);
    expect(await counts()).toEqual(before);
  });

  it('create one user if ten requests use the same name', async () => {
    const username = `eve-${kind}`;
    const answers = await Promise.all(Array.from({ length: 10 }, () => create({ username })));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array.from({ length: 9 }, () => 400)]);
    expect(await trailOf(username)).toHaveLength(1);
  });

  it('end tokens for good by deactivation, and revive none by activation', async () => {
    const { body: pair } = await app.post('/api/token/', {
      username: ada.username,
      password: PASSWORD,
    });
    await change(ada, { active: false, reason: 'a stolen password' });
    await change(ada, { active: true });
    expect((await ada.get('/api/me/')).status).toBe(401);
    const headers = { Authorization: `Bearer ${String(pair.access)}` };
    expect((await app.send({ path: '/api/me/', headers })).status).toBe(401);
    const { status } = await app.post('/api/token/refresh/', { refresh: pair.refresh });
    expect(status).toBe(401);
    expect(await login(ada.username, PASSWORD)).toBe(200);
  });

  it('end every session of one user only', async () => {
    const bob = await app.newUser();
    const path = `/api/admin/users/${ada.username}/sessions/?reason=a%20lost%20phone`;
    expect((await staff.send('DELETE', path)).status).toBe(204);
    expect((await ada.get('/api/me/')).status).toBe(401);
    expect((await bob.get('/api/me/')).status).toBe(200);
    expect((await staff.send('DELETE', '/api/admin/users/nobody/sessions/')).status).toBe(404);
    const long = `/api/admin/users/${bob.username}/sessions/?reason=${'x'.repeat(201)}`;
    expect((await staff.send('DELETE', long)).status).toBe(400);
    expect((await bob.get('/api/me/')).status).toBe(200);
    expect(await trailOf(ada.username)).toMatchObject([
      { action: 'end_sessions', reason: 'a lost phone' },
    ]);
  });

  it('promote and demote operators, and change nothing for an empty change', async () => {
    expect((await change(ada, { staff: true, reason: 'hired' })).body.staff).toBe(true);
    expect((await ada.get('/api/admin/users/')).status).toBe(200);
    expect((await change(ada, {})).body).toMatchObject({ staff: true, active: true });
    expect((await change(ada, { staff: true })).body.staff).toBe(true);
    expect((await change(ada, { staff: false })).body.staff).toBe(false);
    expect((await ada.get('/api/admin/users/')).status).toBe(403);
    expect((await trailOf(ada.username)).map(({ action }) => action)).toEqual([
      'revoke_staff',
      'make_staff',
    ]);
  });

  it('cannot demote or deactivate themselves', async () => {
    for (const body of [{ staff: false }, { active: false }, { staff: false, active: false }]) {
      const { status, body: answer } = await change(staff, body);
      expect([status, Object.keys(answer as object).sort()]).toEqual([
        400,
        Object.keys(body).sort(),
      ]);
    }
    expect((await staff.get('/api/admin/users/')).status).toBe(200);
    expect(await trailOf(staff.username)).toEqual([]);
  });

  it('do not both lose their role if they demote each other at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [one, other] = [await newOperator(), await newOperator()];
      const answers = await Promise.all([
        change(one, { staff: false }, other),
        change(other, { active: false }, one),
      ]);
      const statuses = answers.map(({ status }) => status).sort();
      expect([
        [200, 401],
        [200, 403],
      ]).toContainEqual(statuses);
      const names = [one.username, other.username];
      const left = 'is_staff AND is_active AND username IN ($1, $2)';
      expect(await app.database.count('users', left, names)).toBe(1);
    }
  });

  it('write grants and codes to the trail, but no replays and no rolled-back changes', async () => {
    const path = `/api/admin/users/${ada.username}/grants/`;
    const grant = () =>
      staff.send('POST', path, { amount: 5, reason: 'sorry' }, { 'Idempotency-Key': 'sorry' });
    expect([(await grant()).status, (await grant()).status]).toEqual([201, 201]);
    const { status } = await staff.send('POST', path, { amount: 5, reason: 'no key' });
    expect(status).toBe(400);
    expect(await trailOf(ada.username)).toMatchObject([{ action: 'grant', reason: 'sorry' }]);
    const code = await staff.send('POST', '/api/admin/codes/', { amount: 5, reason: 'fair' });
    const { body } = await staff.get('/api/admin/trail/?page_size=1');
    expect(body.results).toMatchObject([{ action: 'make_code', reason: 'fair' }]);
    expect(body.next).not.toBeNull();
    expect(JSON.stringify(body)).not.toContain(code.body.code);
  });

  it('are named in the trail until they are deleted, like the users they changed', async () => {
    const operator = await newOperator();
    await change(ada, { active: false }, operator);
    await change(ada, { active: true }, operator);
    const [owner, by] = [await app.ownerOf(ada), await app.ownerOf(operator)];
    expect(await trailOf(ada.username)).toMatchObject([
      { by: operator.username },
      { by: operator.username },
    ]);
    await operator.send('DELETE', '/api/me/', { password: PASSWORD });
    const { body } = await app.post('/api/login/', { username: ada.username, password: PASSWORD });
    await app.send({
      method: 'DELETE',
      path: '/api/me/',
      headers: {
        Authorization: `Token ${String(body.token)}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ password: PASSWORD }),
    });
    expect(await trailOf(`(deleted ${owner})`)).toMatchObject([
      { by: `(deleted ${by})`, action: 'activate' },
      { by: `(deleted ${by})`, action: 'deactivate' },
    ]);
  });

  it('read the usage of all users by day, model and user', async () => {
    await ada.chat('one');
    await ada.chat('two');
    const usage = async (query = '') =>
      (await staff.get(`/api/admin/usage/${query}`)).body.results as unknown;
    const byUser = (await usage('?by=user')) as { user: string; count: number; tokens: number }[];
    expect(byUser.find(({ user }) => user === ada.username)).toEqual({
      user: ada.username,
      count: 2,
      tokens: 200,
    });
    const total = byUser.reduce((sum, { tokens }) => sum + tokens, 0);
    const byDay = (await usage()) as { day: string; tokens: number }[];
    expect(byDay.at(-1)?.day).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(byDay.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(total);
    const byModel = (await usage('?by=model')) as { model: string; tokens: number }[];
    expect(byModel.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(total);
    expect(await usage('?from=2001-01-01&to=2001-02-01')).toEqual([]);
    for (const query of ['?by=key', '?from=never', '?from=2001-01-01']) {
      expect((await staff.get(`/api/admin/usage/${query}`)).status).toBe(400);
    }
  });
});
