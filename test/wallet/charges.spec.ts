import { describe, expect, it } from '@jest/globals';
import { dayOf, nowMicros } from '../../src/time.js';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { InsufficientBalance } from '../../src/errors.js';
import { ChargesService } from '../../src/wallet/charges.service.js';
import type { SpendReceipt } from '../../src/wallet/spending.js';
import { HoldsService } from '../../src/wallet/holds/holds.service.js';
import { WalletService } from '../../src/wallet/wallet.service.js';
import { stageWallets } from '../support/stages.js';
import { databaseKinds } from '../support/databases.js';
import { keepWithinOneDay } from '../support/midnight.js';
import { noteOf } from '../support/note.js';
import { until } from '../support/until.js';

const NEVER_ABORTED = new AbortController().signal;

describe.each(databaseKinds)('charges that come together on %s', (kind) => {
  keepWithinOneDay();
  const stage = stageWallets(kind);
  const charges = () => stage.app.nest.get(ChargesService);

  const pay = (
    ownerId: string,
    amount: number,
    { gone = NEVER_ABORTED, finish = (_: unknown, paid: SpendReceipt) => paid } = {},
  ) => charges().pay({ ownerId, amount, ...noteOf('spec', ownerId) }, gone, finish);
  const statements = async (work: () => Promise<unknown>) =>
    (await stage.log.during(work)).map(({ name }) => name);
  const entriesOf = (ownerId: string) =>
    stage.app.database.rows<{ seq: number; amount: number; balance: number }>(
      `SELECT seq, amount, balance_after AS balance FROM ledger_entries
       WHERE owner_id = $1 AND kind = 'charge' ORDER BY seq`,
      [ownerId],
    );
  const balanceOf = async (ownerId: string) =>
    (await stage.app.nest.get(WalletService).summary(ownerId)).balance;

  it('are taken by one statement, with consecutive balances', async () => {
    const issued = await statements(async () => {
      const paid = await Promise.all([
        pay(stage.ada, 100),
        pay(stage.bob, 7),
        pay(stage.ada, 0),
        pay(stage.ada, 50),
      ]);
      expect(paid.map(({ charged, available }) => [charged, available])).toEqual([
        [100, 900],
        [7, 993],
        [0, 900],
        [50, 850],
      ]);
    });
    expect(issued.filter((name) => name.startsWith('wallet.'))).toEqual(['wallet.charge_many']);
    expect(issued.filter((name) => name === 'COMMIT')).toHaveLength(1);
    // A free charge has no entry.
    expect(await entriesOf(stage.ada)).toEqual([
      { seq: 2, amount: -100, balance: 900 },
      { seq: 3, amount: -50, balance: 850 },
    ]);
    expect(await entriesOf(stage.bob)).toEqual([{ seq: 2, amount: -7, balance: 993 }]);
    const owners = [stage.ada, stage.bob];
    expect(await stage.app.database.count('holds', 'owner_id IN ($1, $2)', owners)).toBe(0);
    expect(await stage.app.database.differences()).toEqual([]);
  });

  it('spend no more than the balance, beside a wallet that has enough', async () => {
    const outcomes = await Promise.allSettled([
      pay(stage.ada, 400),
      pay(stage.ada, 400),
      pay(stage.bob, 1000),
      pay(stage.ada, 400),
    ]);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([
      { status: 'rejected', reason: expect.any(InsufficientBalance) as unknown },
    ]);
    expect(outcomes[2]).toMatchObject({ status: 'fulfilled', value: { available: 0 } });
    expect([await balanceOf(stage.ada), await balanceOf(stage.bob)]).toEqual([200, 0]);
    expect((await entriesOf(stage.ada)).map(({ amount }) => amount)).toEqual([-400, -400]);
    expect(await stage.app.database.differences()).toEqual([]);
  });

  it('respect the daily limit', async () => {
    const wallets = stage.app.nest.get(WalletService);
    await stage.app.nest.get(UnitOfWork).run((tx) => wallets.setDailyLimit(tx, stage.ada, 250));
    const outcomes = await Promise.allSettled(
      [100, 100, 100].map((amount) => pay(stage.ada, amount)),
    );
    expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([
      { reason: { headers: { 'Tokens-Limit': 'daily' } } },
    ]);
    expect(await balanceOf(stage.ada)).toBe(800);
    expect((await wallets.summary(stage.ada)).limits.spentToday).toBe(200);
    expect(await stage.app.database.differences()).toEqual([]);
  });

  it('count for the next day if another clock is past midnight', async () => {
    const holds = stage.app.nest.get(HoldsService);
    const unitOfWork = stage.app.nest.get(UnitOfWork);
    const why = noteOf('spec', stage.ada);
    const counted = (days: number, spent: number) =>
      stage.app.database.rows(
        `UPDATE wallets SET daily_limit = 500, spent_day = $2, spent_amount = $3 WHERE owner_id = $1`,
        [stage.ada, dayOf(nowMicros()) + days, spent],
      );
    const counter = async () => {
      const sql = 'SELECT spent_day, spent_amount FROM wallets WHERE owner_id = $1';
      const [row] = await stage.app.database.rows<{ spent_day: number; spent_amount: number }>(
        sql,
        [stage.ada],
      );
      return row && [row.spent_day - dayOf(nowMicros()), row.spent_amount];
    };
    await counted(1, 200);
    await Promise.all([pay(stage.ada, 60), pay(stage.ada, 40)]);
    await unitOfWork.run((tx) => charges().charge(tx, { ownerId: stage.ada, amount: 100, ...why }));
    const hold = await unitOfWork.run((tx) => holds.hold(tx, { ownerId: stage.ada, amount: 100 }));
    await unitOfWork.run((tx) => holds.capture(tx, hold.id, 100, why));
    expect(await counter()).toEqual([1, 500]);
    expect((await stage.app.nest.get(WalletService).summary(stage.ada)).limits.spentToday).toBe(
      500,
    );
    await expect(pay(stage.ada, 1)).rejects.toThrow(InsufficientBalance);
    // A clock that was wrong by days does not prevent spending.
    await counted(2, 500);
    expect((await stage.app.nest.get(WalletService).summary(stage.ada)).limits.spentToday).toBe(0);
    await pay(stage.ada, 100);
    expect(await counter()).toEqual([0, 100]);
    await counted(-1, 500);
    const today = await unitOfWork.run((tx) => holds.hold(tx, { ownerId: stage.ada, amount: 100 }));
    await unitOfWork.run((tx) => holds.capture(tx, today.id, 100, why));
    expect(await counter()).toEqual([0, 100]);
    expect(await stage.app.database.differences()).toEqual([]);
  });

  it('do not spend held tokens', async () => {
    const holds = stage.app.nest.get(HoldsService);
    await stage.app.nest
      .get(UnitOfWork)
      .run((tx) => holds.hold(tx, { ownerId: stage.ada, amount: 950 }));
    const outcomes = await Promise.allSettled([30, 30].map((amount) => pay(stage.ada, amount)));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await balanceOf(stage.ada)).toBe(970);
    expect(await stage.app.database.differences()).toEqual([]);
  });

  it('roll back one that fails alone: the others are paid once', async () => {
    let tries = 0;
    const finish = () => {
      tries += 1;
      throw new Error('not saved');
    };
    const outcomes = await Promise.allSettled([
      pay(stage.ada, 100),
      pay(stage.ada, 10, { finish }),
      pay(stage.bob, 100),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { message: 'not saved' } });
    expect(tries).toBeGreaterThan(1);
    expect(await entriesOf(stage.ada)).toEqual([{ seq: 2, amount: -100, balance: 900 }]);
    expect(await entriesOf(stage.bob)).toEqual([{ seq: 2, amount: -100, balance: 900 }]);
    expect(await stage.app.database.differences()).toEqual([]);
  });

  it('are not repeated for a caller who left', async () => {
    const leaving = new AbortController();
    let finished = 0;
    const finish = (_: unknown, paid: SpendReceipt) => {
      finished += 1;
      return paid;
    };
    const outcomes = Promise.allSettled([
      pay(stage.ada, 100, { finish }),
      pay(stage.ada, 10, { finish, gone: leaving.signal }),
      pay(stage.bob, 100, { finish }),
    ]);
    leaving.abort(new Error('gone'));
    expect((await outcomes).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect((await outcomes)[1]).toMatchObject({ reason: { message: 'gone' } });
    expect(finished).toBe(2);
    expect([await balanceOf(stage.ada), await balanceOf(stage.bob)]).toEqual([900, 900]);
  });

  it('refuse an invalid amount, and charge nothing', async () => {
    const outcomes = await Promise.allSettled([
      ...[-1, 0.5, NaN, 2 ** 53].map((amount) => pay(stage.ada, amount)),
      // Their sum is larger than JavaScript's largest exact integer.
      ...[2 ** 53 - 1, 2 ** 53 - 1].map((amount) => pay(stage.bob, amount)),
      pay(stage.bob, 1),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...Array<string>(6).fill('rejected'),
      'fulfilled',
    ]);
    expect([await balanceOf(stage.ada), await balanceOf(stage.bob)]).toEqual([1000, 999]);
    expect(await entriesOf(stage.ada)).toEqual([]);
  });

  if (kind === 'sqlite') return;

  it('do not wait for a wallet that another transaction is changing', async () => {
    const leaving = new AbortController();
    let waiting: Promise<unknown>[] = [];
    await stage.app.database.inTransaction(async (rows) => {
      await rows('UPDATE wallets SET spent_amount = spent_amount WHERE owner_id = $1', [stage.ada]);
      waiting = [
        pay(stage.ada, 100),
        pay(stage.ada, 10, { gone: leaving.signal }).catch(() => 'left'),
      ];
      expect(await pay(stage.bob, 100)).toMatchObject({ available: 900 });
      expect(await entriesOf(stage.ada)).toEqual([]);
      // Now the first one waits for the wallet in its own transaction, and the other one for its turn, without one.
      const locked = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'
        AND datname = current_database() AND query LIKE '/* wallet.charge */%'`;
      await until(async () => (await stage.app.database.rows(locked)).length === 1);
      leaving.abort();
    });
    expect(await Promise.all(waiting)).toMatchObject([{ charged: 100 }, 'left']);
    expect(await entriesOf(stage.ada)).toMatchObject([{ amount: -100 }]);
    expect(await balanceOf(stage.ada)).toBe(900);
  });
});
