import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { AnswerExpired, InsufficientBalance } from '../../src/errors.js';
import { BatchedCaptures } from '../../src/wallet/holds/batched-captures.service.js';
import { BatchedHolds } from '../../src/wallet/holds/batched-holds.service.js';
import { HoldsService } from '../../src/wallet/holds/holds.service.js';
import { WalletService } from '../../src/wallet/wallet.service.js';
import { stageWallets } from '../support/stages.js';
import { databaseKinds } from '../support/databases.js';
import { noteOf } from '../support/note.js';
import { until } from '../support/until.js';

describe.each(databaseKinds)('holds that come together on %s', (kind) => {
  const stage = stageWallets(kind);
  const holds = () => stage.app.nest.get(BatchedHolds);
  const captures = () => stage.app.nest.get(BatchedCaptures);

  const hold = (ownerId: string, amount: number) => {
    const holdId = uuidv7();
    return holds().hold({ ownerId, amount, holdId }, () => holdId);
  };
  const capture = (ownerId: string, holdId: string, amount: number) =>
    captures().capture(
      { holdId, ownerId, amount, note: noteOf('spec', ownerId), turnBytes: 0 },
      (_, captured) => captured,
    );
  const walletOf = (ownerId: string) => stage.app.nest.get(WalletService).summary(ownerId);
  const moneyOf = async (ownerId: string) => {
    const { balance, held } = await walletOf(ownerId);
    return [balance, held];
  };
  const entriesOf = (ownerId: string) =>
    stage.app.database.rows<{ seq: number; amount: number; balance: number }>(
      `SELECT seq, amount, balance_after AS balance FROM ledger_entries
       WHERE owner_id = $1 AND kind = 'charge' ORDER BY seq`,
      [ownerId],
    );
  const moneyStatements = async (work: () => Promise<unknown>) =>
    (await stage.log.during(work))
      .map(({ name }) => name)
      .filter((name) => /^(?:wallet|hold)\./.test(name));

  it('are opened by one statement, and captured by two', async () => {
    let ids: string[] = [];
    const issued = await moneyStatements(async () => {
      ids = await Promise.all([hold(stage.ada, 100), hold(stage.bob, 300), hold(stage.ada, 50)]);
    });
    expect(issued).toEqual(['wallet.hold_many']);
    expect([await moneyOf(stage.ada), await moneyOf(stage.bob)]).toEqual([
      [1000, 150],
      [1000, 300],
    ]);
    const [first = '', second = '', third = ''] = ids;
    const ended = await moneyStatements(async () => {
      const captured = [
        capture(stage.ada, first, 70),
        capture(stage.bob, second, 0),
        capture(stage.ada, third, 50),
      ];
      expect(await Promise.all(captured)).toMatchObject([
        { charged: 70, available: 880 },
        { charged: 0, available: 1000 },
        { charged: 50, available: 880 },
      ]);
    });
    expect(ended).toEqual(['hold.capture_many', 'wallet.capture_many']);
    expect([await moneyOf(stage.ada), await moneyOf(stage.bob)]).toEqual([
      [880, 0],
      [1000, 0],
    ]);
    // A free capture has no entry.
    expect(await entriesOf(stage.ada)).toEqual([
      { seq: 2, amount: -70, balance: 930 },
      { seq: 3, amount: -50, balance: 880 },
    ]);
    expect(await entriesOf(stage.bob)).toEqual([]);
    expect((await walletOf(stage.ada)).limits.spentToday).toBe(120);
    expect(await stage.app.database.differences()).toEqual([]);
  });

  it('hold no more than the balance, beside a wallet that has enough', async () => {
    const holds = [
      hold(stage.ada, 400),
      hold(stage.ada, 400),
      hold(stage.bob, 1000),
      hold(stage.ada, 400),
    ];
    const outcomes = await Promise.allSettled(holds);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([
      { status: 'rejected', reason: expect.any(InsufficientBalance) as unknown },
    ]);
    expect([await moneyOf(stage.ada), await moneyOf(stage.bob)]).toEqual([
      [1000, 800],
      [1000, 1000],
    ]);
    expect(await stage.app.database.count('holds', 'owner_id = $1', [stage.ada])).toBe(2);
    expect(await stage.app.database.differences()).toEqual([]);
  });

  it('respect the daily limit', async () => {
    const wallets = stage.app.nest.get(WalletService);
    await stage.app.nest.get(UnitOfWork).run((tx) => wallets.setDailyLimit(tx, stage.ada, 250));
    const outcomes = await Promise.allSettled(
      [100, 100, 100].map((amount) => hold(stage.ada, amount)),
    );
    expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([
      { reason: { headers: { 'Tokens-Limit': 'daily' } } },
    ]);
    expect(await moneyOf(stage.ada)).toEqual([1000, 200]);
    expect(await stage.app.database.differences()).toEqual([]);
  });

  it('are captured once, and not after they expired', async () => {
    // This hold stays open. If a hold were captured twice, its tokens would be taken from this one.
    await hold(stage.ada, 500);
    const [first, second, third] = await Promise.all([
      hold(stage.ada, 100),
      hold(stage.ada, 100),
      hold(stage.bob, 100),
    ]);
    await stage.app.nest
      .get(UnitOfWork)
      .run((tx) => stage.app.nest.get(HoldsService).release(tx, second, 'expired'));
    let outcomes: PromiseSettledResult<unknown>[] = [];
    const issued = await moneyStatements(async () => {
      outcomes = await Promise.allSettled([
        capture(stage.ada, first, 100),
        capture(stage.ada, second, 100),
        capture(stage.bob, third, 100),
        capture(stage.ada, first, 100),
      ]);
    });
    // Only the refused captures run again alone.
    expect(issued.filter((name) => name === 'hold.resolve')).toHaveLength(2);
    const expired = { status: 'rejected', reason: expect.any(AnswerExpired) as unknown };
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([expired, expired]);
    expect([await moneyOf(stage.ada), await moneyOf(stage.bob)]).toEqual([
      [900, 500],
      [900, 0],
    ]);
    expect((await entriesOf(stage.ada)).map(({ amount }) => amount)).toEqual([-100]);
    const again = await moneyStatements(() =>
      Promise.allSettled([capture(stage.ada, second, 100)]),
    );
    // On SQLite a capture without company does not try the statement for many first.
    expect(again).toEqual(
      kind === 'sqlite' ? ['hold.resolve'] : ['hold.capture_many', 'hold.resolve'],
    );
    expect(await stage.app.database.differences()).toEqual([]);
  });

  it('give each question and each answer of an owner the next number', async () => {
    const numbers: number[] = [];
    const ids = [uuidv7(), uuidv7()];
    const note = (_: unknown, { ordinal }: { ordinal: number }) => numbers.push(ordinal);
    const holdBoth = () =>
      Promise.all(
        ids.map((holdId) => holds().hold({ ownerId: stage.ada, amount: 10, holdId }, note)),
      );
    const captureBoth = () =>
      Promise.all(
        ids.map((holdId) =>
          captures().capture(
            {
              holdId,
              ownerId: stage.ada,
              amount: 10,
              note: noteOf('spec', stage.ada),
              turnBytes: 0,
            },
            note,
          ),
        ),
      );
    await holdBoth();
    await captureBoth();
    ids.splice(0, 2, uuidv7(), uuidv7());
    await holdBoth();
    const [first = NaN] = numbers;
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5].map((n) => first + n));
  });

  it('never capture more than the hold', async () => {
    const [first, second] = await Promise.all([hold(stage.ada, 100), hold(stage.bob, 100)]);
    const outcomes = await Promise.allSettled([
      capture(stage.ada, first, 101),
      capture(stage.bob, second, 9),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect([await moneyOf(stage.ada), await moneyOf(stage.bob)]).toEqual([
      [1000, 100],
      [991, 0],
    ]);
    expect(await stage.app.database.differences()).toEqual([]);
  });

  if (kind === 'sqlite') return;

  it('do not wait for a wallet, or a hold, that another transaction is changing', async () => {
    const [first, second] = await Promise.all([hold(stage.ada, 100), hold(stage.bob, 100)]);
    let waiting: Promise<unknown>[] = [];
    await stage.app.database.inTransaction(async (rows) => {
      await rows('UPDATE wallets SET spent_amount = spent_amount WHERE owner_id = $1', [stage.ada]);
      waiting = [hold(stage.ada, 10), capture(stage.ada, first, 100)];
      await Promise.all([hold(stage.bob, 10), capture(stage.bob, second, 100)]);
      expect(await moneyOf(stage.bob)).toEqual([900, 10]);
      expect(await moneyOf(stage.ada)).toEqual([1000, 100]);
      // Now the first one waits for the wallet in its own transaction, and the other one for its turn, without one.
      const locked = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'
        AND datname = current_database() AND query LIKE '/* wallet.%'`;
      await until(async () => (await stage.app.database.rows(locked)).length === 1);
    });
    await Promise.all(waiting);
    expect(await moneyOf(stage.ada)).toEqual([900, 10]);
    expect(await stage.app.database.differences()).toEqual([]);
  });
});
