import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { type Answer, type Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { untilAnswered } from '../support/until-answered.js';

const REFUSAL = { code: ['This code is unknown or was redeemed before.'] };

describe.each(databaseKinds)('POST /api/wallet/redeem/ on %s', (kind) => {
  let app: TestApp;
  let operator: Caller;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    operator = await app.newUser();
    await app.database.rows('UPDATE users SET is_staff = $2 WHERE username = $1', [
      operator.username,
      true,
    ]);
  });
  afterAll(() => app.close());

  const newCode = async (amount = 500): Promise<string> => {
    const { status, body } = await operator.send(
      'POST',
      '/api/admin/codes/',
      { amount, reason: 'a gift' },
      { 'Idempotency-Key': randomUUID() },
    );
    expect(status).toBe(201);
    return body.code as string;
  };
  const redeem = (caller: Caller, code: unknown, key?: string) =>
    caller.send('POST', '/api/wallet/redeem/', { code }, key ? { 'Idempotency-Key': key } : {});
  const unspent = () => app.database.count('redemption_codes', 'redeemed_by IS NULL');
  const topUps = (caller: Caller) =>
    app.database.count(
      'ledger_entries',
      `kind = 'top_up' AND owner_id = (SELECT id FROM users WHERE username = $1)`,
      [caller.username],
    );
  const expectRefused = ({ status, body }: Answer) => {
    expect([status, body]).toEqual([400, REFUSAL]);
  };

  it('credits the value of the code once, with a ledger entry', async () => {
    const ada = await app.newUser();
    const code = await newCode();
    const { status, body, headers } = await redeem(ada, ` ${code} `);
    expect([status, body]).toEqual([200, { tokens: 500, balance: 4500 }]);
    expect(headers['idempotent-replayed']).toBeUndefined();
    const { results } = (await ada.get('/api/wallet/ledger/')).body;
    expect(results[0]).toMatchObject({
      kind: 'top_up',
      amount: 500,
      balance_after: 4500,
      reason: 'a gift',
      turn: null,
    });
    expectRefused(await redeem(ada, code));
    expectRefused(await redeem(await app.newUser(), code));
    expect(await ada.balance()).toBe(4500);
    expect(await topUps(ada)).toBe(1);
  });

  it('credits one of twenty users who redeem one code at once', async () => {
    const callers = await Promise.all(Array.from({ length: 20 }, () => app.newUser()));
    const code = await newCode();
    const answers = await Promise.all(callers.map((caller) => redeem(caller, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    answers.filter(({ status }) => status !== 200).forEach(expectRefused);
    const balances = await Promise.all(callers.map((caller) => caller.balance()));
    expect(balances.sort()).toEqual([...Array.from({ length: 19 }, () => 4000), 4500]);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('credits one of twenty redemptions by one user, and gives all the same answer with a key', async () => {
    const ada = await app.newUser();
    const [keyless, keyed] = [await newCode(), await newCode(70)];
    const twenty = Array.from({ length: 20 });
    const without = await Promise.all(twenty.map(() => redeem(ada, keyless)));
    expect(without.filter(({ status }) => status === 200)).toHaveLength(1);
    const answers = await Promise.all(
      twenty.map(() => untilAnswered(() => redeem(ada, keyed, 'one-key'))),
    );
    expect(new Set(answers.map(({ status, raw }) => `${String(status)} ${raw}`))).toEqual(
      new Set(['200 {"tokens":70,"balance":4570}']),
    );
    const first = answers.filter(({ headers }) => headers['idempotent-replayed'] === undefined);
    expect(first).toHaveLength(1);
    expect(await ada.balance()).toBe(4570);
    expect(await topUps(ada)).toBe(2);
  });

  it('replays a key with the original balance, and separates the keys of two users', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    const code = await newCode();
    await redeem(ada, code, 'shared');
    await ada.chat('spend some');
    const again = await redeem(ada, code, 'shared');
    expect([again.status, again.body]).toEqual([200, { tokens: 500, balance: 4500 }]);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expectRefused(await redeem(bob, code, 'shared'));
    expect((await redeem(bob, await newCode(), 'shared')).status).toBe(200);
    expect([await ada.balance(), await bob.balance()]).toEqual([4400, 4500]);
  });

  it('refuses a key that was used with another code, and leaves the code unused', async () => {
    const ada = await app.newUser();
    const [first, second] = [await newCode(), await newCode()];
    await redeem(ada, first, 'k');
    const { status, body } = await redeem(ada, second, 'k');
    expect([status, body.code]).toEqual([422, 'idempotency_key_reused']);
    const left = await unspent();
    const codes = [second, await newCode()];
    const both = await Promise.all(
      codes.map((code) => untilAnswered(() => redeem(ada, code, 'two'))),
    );
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 422]);
    expect(await unspent()).toBe(left);
    expect(await ada.balance()).toBe(5000);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('does not store a refusal: the key is free again', async () => {
    const ada = await app.newUser();
    expectRefused(await redeem(ada, 'no such code', 'typo'));
    expect((await redeem(ada, await newCode(), 'typo')).status).toBe(200);
    expect(await ada.balance()).toBe(4500);
  });

  it.each([
    ['\0', 'Null characters are not allowed.'],
    ['\ud800', 'Surrogate characters are not allowed: U+D800.'],
    ['x'.repeat(101), 'Ensure this field has no more than 100 characters.'],
    ['  ', 'This field may not be blank.'],
    [null, 'This field may not be null.'],
    [['a'], 'Not a valid string.'],
    [{ $ne: 1 }, 'Not a valid string.'],
    [true, 'Not a valid string.'],
    [undefined, 'This field is required.'],
    [12, REFUSAL.code[0]],
    ["' OR 1=1 --", REFUSAL.code[0]],
    ['é'.repeat(100), REFUSAL.code[0]],
  ])('answers 400 to %p and credits nothing', async (code, sentence) => {
    const ada = await app.newUser();
    await newCode();
    const left = await unspent();
    const { status, body } = await redeem(ada, code);
    expect([status, body]).toEqual([400, { code: [sentence] }]);
    expect([await unspent(), await ada.balance()]).toEqual([left, 4000]);
  });

  it('is closed to callers without credentials', async () => {
    const code = await newCode();
    const left = await unspent();
    expect((await app.post('/api/wallet/redeem/', { code })).status).toBe(401);
    expect(await unspent()).toBe(left);
  });
});
