import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { type Answer, type Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { StatementLog } from '../support/statement-log.js';
import { untilAnswered } from '../support/until-answered.js';

describe.each(databaseKinds)('operators on %s', (kind) => {
  let app: TestApp;
  let staff: Caller;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    staff = await app.newUser({ username: 'operator' });
    await app.database.rows('UPDATE users SET is_staff = $1 WHERE username = $2', [
      true,
      'operator',
    ]);
  });
  beforeEach(async () => {
    ada = await app.newUser();
  });
  afterAll(() => app.close());

  const grant = (body: object, key = 'k') =>
    staff.send('POST', `/api/admin/users/${ada.username}/grants/`, body, {
      'Idempotency-Key': key,
    });

  it('answers 403 to other users and 401 without credentials', async () => {
    const entries = await app.database.count('trail_entries');
    const routes = [
      ['GET', '/api/admin/users/'],
      ['POST', '/api/admin/users/'],
      ['PATCH', `/api/admin/users/${staff.username}/`],
      ['DELETE', `/api/admin/users/${staff.username}/sessions/`],
      ['GET', '/api/admin/usage/'],
      ['GET', '/api/admin/trail/'],
      ['POST', `/api/admin/users/${ada.username}/grants/`],
      ['POST', '/api/admin/codes/'],
    ] as const;
    for (const [method, path] of routes) {
      const body =
        method === 'GET'
          ? undefined
          : { amount: 1, reason: 'mine', active: false, staff: false, username: 'mine' };
      const { status, body: answer } = await ada.send(method, path, body);
      expect([status, answer.code]).toEqual([403, 'permission_denied']);
      expect((await app.send({ method, path })).status).toBe(401);
    }
    expect(await ada.balance()).toBe(4000);
    expect(await app.database.count('redemption_codes', `reason = 'mine'`)).toBe(0);
    expect(await app.database.count('users', `username = 'mine'`)).toBe(0);
    expect(await app.database.count('trail_entries')).toBe(entries);
    expect((await staff.get('/api/token-balance/')).status).toBe(200);
  });

  it('creates one code for each key, also for repeated and simultaneous requests', async () => {
    const make = (body: object, key: string) =>
      staff.send('POST', '/api/admin/codes/', body, { 'Idempotency-Key': key });
    const body = { amount: 7, reason: 'keyed' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => untilAnswered(() => make(body, 'voucher'))),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    const codes = new Set(answers.map(({ body: answer }) => String(answer.code)));
    expect(codes.size).toBe(1);
    const replays = answers.filter(({ headers }) => headers['idempotent-replayed'] === 'true');
    expect(replays).toHaveLength(9);
    const [code = ''] = codes;
    expect(code).toMatch(/^[\w-]{20}$/);
    expect((await make({ amount: 8, reason: 'keyed' }, 'voucher')).status).toBe(422);
    expect((await make(body, 'another')).body.code).not.toBe(code);
    expect((await ada.send('POST', '/api/wallet/redeem/', { code })).status).toBe(200);
    expect((await make(body, 'voucher')).body).toEqual({ code, tokens: 7 });
    expect((await ada.send('POST', '/api/wallet/redeem/', { code })).status).toBe(400);
    expect(await ada.balance()).toBe(4007);
    expect(await app.database.count('redemption_codes', `reason = 'keyed'`)).toBe(2);
    expect(await app.database.count('trail_entries', `reason = 'keyed'`)).toBe(2);
  });

  it('grants once for each key, with the reason in the ledger', async () => {
    const body = { amount: 500, reason: 'sorry for the outage' };
    let answers: Answer[] = [];
    const sent = await StatementLog.of(app.nest).during(async () => {
      const twins = Array.from({ length: 10 }, () => untilAnswered(() => grant(body, 'outage')));
      answers = await Promise.all(twins);
    });
    // The others wait for the first one, and read what it wrote.
    expect(sent.filter(({ name }) => name === 'wallet.credit').length).toBeLessThan(10);
    expect(answers.map(({ status, raw }) => `${String(status)} ${raw}`)).toEqual(
      Array(10).fill('201 {"tokens":500,"balance":4500}'),
    );
    expect(answers.filter(({ headers }) => headers['idempotent-replayed'] !== 'true')).toHaveLength(
      1,
    );
    const again = await grant(body, 'outage');
    expect([again.status, again.body]).toEqual([201, { tokens: 500, balance: 4500 }]);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(await ada.balance()).toBe(4500);
    const { results } = (await ada.get('/api/wallet/ledger/')).body;
    expect(results).toHaveLength(2);
    expect(results[0]).toMatchObject({
      kind: 'grant',
      amount: 500,
      balance_after: 4500,
      reason: 'sorry for the outage',
      turn: null,
    });
  });

  it.each([
    [{ amount: 0, reason: 'x' }, 'amount'],
    [{ amount: -5, reason: 'x' }, 'amount'],
    [{ amount: 1.5, reason: 'x' }, 'amount'],
    [{ amount: '1e3', reason: 'x' }, 'amount'],
    [{ amount: 10 ** 15, reason: 'x' }, 'amount'],
    [{ reason: 'x' }, 'amount'],
    [{ amount: 5 }, 'reason'],
    [{ amount: 5, reason: ' ' }, 'reason'],
  ])('refuses %p, and grants nothing', async (body, field) => {
    const answer = await grant(body);
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.body)).toEqual([field]);
    expect(await ada.balance()).toBe(4000);
  });

  it('refuses a grant without a key, with another body under a key, or for an unknown user', async () => {
    const body = { amount: 5, reason: 'gift' };
    const path = `/api/admin/users/${ada.username}/grants/`;
    const without = await staff.send('POST', path, body);
    expect([without.status, without.body.code]).toEqual([400, 'idempotency_key_required']);
    await grant(body, 'gift');
    expect((await grant({ ...body, amount: 6 }, 'gift')).status).toBe(422);
    const nobody = await staff.send('POST', '/api/admin/users/nobody/grants/', body, {
      'Idempotency-Key': 'k',
    });
    expect(nobody.status).toBe(404);
    expect(await ada.balance()).toBe(4005);
  });

  it('refuses a grant or code that would make a balance inexact', async () => {
    const { body: made } = await staff.send('POST', '/api/admin/codes/', {
      amount: 1000,
      reason: 'beyond the most',
    });
    const most = Number.MAX_SAFE_INTEGER;
    await app.database.rows(
      'UPDATE ledger_entries SET amount = $2, balance_after = $2 WHERE owner_id = $1',
      [await app.ownerOf(ada), most - 999],
    );
    await app.database.rows('UPDATE wallets SET balance = $2 WHERE owner_id = $1', [
      await app.ownerOf(ada),
      most - 999,
    ]);
    const sentence = 'The wallet holds at most 9007199254740991 tokens.';
    const granted = await grant({ amount: 1000, reason: 'too much' });
    expect([granted.status, granted.body]).toEqual([400, { amount: [sentence] }]);
    const redeem = () => ada.send('POST', '/api/wallet/redeem/', { code: made.code });
    const redeemed = await redeem();
    expect([redeemed.status, redeemed.body]).toEqual([400, { code: [sentence] }]);
    expect(await ada.balance()).toBe(most - 999);
    expect((await grant({ amount: 999, reason: 'the rest' }, 'rest')).status).toBe(201);
    expect(await ada.balance()).toBe(most);
    const isUnused = `redeemed_by IS NULL AND reason = 'beyond the most'`;
    expect(await app.database.count('redemption_codes', isUnused)).toBe(1);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('finds users by a part of the name, and blocks a user from the next request on', async () => {
    const found = await staff.get(`/api/admin/users/?search=${ada.username.toUpperCase()}`);
    const { results } = found.body as { results: { username: string }[] };
    expect(results.map(({ username }) => username)).toContain(ada.username);
    expect((await staff.get('/api/admin/users/?search=%25')).body.results).toEqual([]);
    const path = `/api/admin/users/${ada.username}/`;
    expect((await staff.send('PATCH', path, { active: false })).body.active).toBe(false);
    expect((await ada.get('/api/token-balance/')).status).toBe(401);
    expect((await staff.send('PATCH', path, { active: true })).body.active).toBe(true);
    expect((await ada.get('/api/token-balance/')).status).toBe(401);
  });

  it('returns a code once and stores only its digest', async () => {
    const { status, body } = await staff.send('POST', '/api/admin/codes/', {
      amount: 250,
      reason: 'fair',
    });
    expect([status, body.tokens]).toEqual([201, 250]);
    expect(await app.database.count('redemption_codes', 'digest = $1', [body.code])).toBe(0);
    expect((await ada.send('POST', '/api/wallet/redeem/', { code: body.code })).body).toEqual({
      tokens: 250,
      balance: 4250,
    });
  });
});
