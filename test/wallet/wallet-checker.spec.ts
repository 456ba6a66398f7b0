import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DatabaseBusy } from '../../src/errors.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { Hold } from '../../src/wallet/holds/hold.entity.js';
import { LedgerEntry } from '../../src/wallet/ledger-entry.entity.js';
import { Wallet } from '../../src/wallet/wallet.entity.js';
import { WalletChecker } from '../../src/wallet/wallet-checker.js';
import { captureLog } from '../support/captured-log.js';
import { captureTimer } from '../support/captured-timer.js';
import { entry, hold, wallet } from '../support/rows.js';
import { stageUnits } from '../support/stages.js';
import { until } from '../support/until.js';

describe('the comparison of wallets in the background', () => {
  const stage = stageUnits('sqlite');
  const lines = captureLog();
  const timer = captureTimer(60_000);
  let metrics: Metrics;
  let checker: WalletChecker;

  beforeEach(() => {
    metrics = new Metrics({ metricsPort: undefined });
    checker = new WalletChecker(stage.reader, metrics);
  });

  const counted = async () => {
    const metric = await metrics.registry.getSingleMetric('tallychat_audited_wallets_total')?.get();
    return metric?.values.map(({ labels, value }) => [labels['result'], value]);
  };
  const wrong = (ownerId: string) => [
    ...['error', 'WalletChecker', { ownerId }],
    'a wallet does not follow from its entries: run the audit',
  ];
  const insert = (wallets: Wallet[], entries: LedgerEntry[] = [], holds: Hold[] = []) =>
    stage.units.run((tx) => {
      for (const one of wallets) tx.insertLater(Wallet, one);
      for (const one of entries) tx.insertLater(LedgerEntry, one);
      for (const one of holds) tx.insertLater(Hold, one);
    });
  /** Inserts wallets without entries, which are right if their balance is 0. Their ids begin with 1001. */
  const insertMany = (count: number, balance: number) =>
    stage.database.statements.rows(
      `WITH RECURSIVE n(i) AS (SELECT 1001 UNION ALL SELECT i + 1 FROM n WHERE i < 1000 + $1)
       INSERT INTO wallets (owner_id, balance, held, entry_count, spent_amount, spent_day, created_at)
       SELECT i, $2, 0, 0, 0, 0, 0 FROM n RETURNING owner_id`,
      [count, balance],
    );
  /** Returns what each of three rounds logs. */
  const threeRounds = async () => {
    const rounds: unknown[][][] = [];
    for (let round = 0; round < 3; round += 1) {
      await checker.checkNext();
      rounds.push(lines.splice(0));
    }
    return rounds;
  };

  it('reports the wallets that do not follow from their last entry and their open holds', async () => {
    await insert(
      [
        wallet('balance', { balance: 2 }),
        wallet('held', { balance: 200, held: 99 }),
        wallet('right', { balance: 2, held: 1 }),
        wallet('without entries', { balance: 0, entryCount: 0 }),
      ],
      [
        ...[entry('balance', 1), entry('balance', 2, { balanceAfter: 3 })],
        entry('held', 2, { balanceAfter: 200 }),
        ...[entry('right', 1), entry('right', 2)],
      ],
      [
        hold('h', 'held'),
        hold('r', 'right', { amount: 1 }),
        hold('s', 'right', { state: 'released' }),
      ],
    );
    await checker.checkNext();
    expect(lines).toEqual([wrong('balance'), wrong('held')]);
    expect(await counted()).toEqual([
      ['right', 2],
      ['wrong', 2],
    ]);
  });

  it('starts again at the first wallet after a round that has found no more', async () => {
    await insertMany(1000, 0);
    await stage.database.statements.rows(
      `UPDATE wallets SET balance = 1 WHERE owner_id IN ('1001', '2000') RETURNING owner_id`,
      [],
    );
    const both = [wrong('1001'), wrong('2000')];
    expect(await threeRounds()).toEqual([both, [], both]);
  });

  it('compares a thousand wallets, and in the next round those after them', async () => {
    await insertMany(1001, 1);
    const rounds = await threeRounds();
    expect(rounds.map((round) => round.length)).toEqual([1000, 1, 1000]);
    expect(rounds.map(([first]) => first)).toEqual(['1001', '2001', '1001'].map(wrong));
  });

  it('runs at once and every minute, also after a failure, until the service stops', async () => {
    await insert([wallet('wrong')]);
    checker.start();
    await until(() => lines.length === 1);
    const read = jest.spyOn(stage.reader, 'read');
    const failure = new Error('no such column');
    read.mockRejectedValueOnce(new DatabaseBusy()).mockRejectedValueOnce(failure);
    timer.tick();
    timer.tick();
    await until(() => lines.length === 2);
    read.mockRestore();
    timer.tick();
    await until(() => lines.length === 3);
    // An outage is not logged here: the database logs it once.
    const failed = 'wallets are not compared; the next round tries again';
    expect(lines).toEqual([
      wrong('wrong'),
      ['warn', 'WalletChecker', { err: failure }, failed],
      wrong('wrong'),
    ]);
    expect(timer.isRunning).toBe(true);
    checker.onModuleDestroy();
    expect(timer.isRunning).toBe(false);
  });
});
