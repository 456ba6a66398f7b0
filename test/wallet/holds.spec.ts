import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import { DatabaseClock } from '../../src/database/database-clock.js';
import { ProcessLease } from '../../src/database/process-lease.js';
import { digestOf } from '../../src/digest.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { CapsService } from '../../src/wallet/caps.service.js';
import { HoldRecords } from '../../src/wallet/holds/hold-records.js';
import { HoldsService } from '../../src/wallet/holds/holds.service.js';
import { IdempotencyService } from '../../src/wallet/idempotency.service.js';
import { RedemptionService } from '../../src/wallet/redemption.service.js';
import { Wallet } from '../../src/wallet/wallet.entity.js';
import type { WalletService } from '../../src/wallet/wallet.service.js';
import { stopClockAt } from '../support/fixed-clock.js';
import { noteOf } from '../support/note.js';
import { wallet } from '../support/rows.js';
import { stageUnits } from '../support/stages.js';

const NOW = Date.UTC(2026, 4, 31, 12) + 500;
const DAY = Math.floor(NOW / 86_400_000);
const CONFIG = { answerTimeoutSeconds: 100, holdLifetimeSeconds: 20 } as Config;

describe('a hold that is resolved alone', () => {
  stopClockAt(NOW);
  const stage = stageUnits('sqlite');
  let holds: HoldsService;

  beforeAll(() => {
    const clock = new DatabaseClock(stage.database);
    const records = new HoldRecords(new ProcessLease(stage.database), clock, CONFIG);
    const metrics = new Metrics({ metricsPort: undefined });
    const caps = new CapsService(stage.reader);
    holds = new HoldsService(stage.reader, records, metrics, caps, {
      ...CONFIG,
      storedMaxBytes: 0,
    });
  });

  const open = (spentDay: number) =>
    stage.units.run((tx) => {
      const counter = { spentAmount: 7, spentDay };
      tx.insertLater(Wallet, wallet('ada', { balance: 1000, dailyLimit: 500, ...counter }));
      return holds.hold(tx, { ownerId: 'ada', amount: 100 });
    });
  const stored = async () => {
    const [row] = await stage.reader.repository(Wallet).find();
    return row;
  };

  // Another process may be past midnight already. A counter of any other day is over.
  it.each([
    [-1, 0, 0],
    [0, 7, 0],
    [1, 7, 1],
    [2, 0, 0],
  ])('counts towards the day, if the counter is %i days later', async (later, counted, day) => {
    const { id } = await open(DAY + later);
    await stage.units.run((tx) => holds.capture(tx, id, 40, noteOf('spec', 'a turn')));
    const counter = { spentAmount: counted + 40, spentDay: DAY + day };
    expect(await stored()).toMatchObject({ balance: 960, held: 0, ...counter });
  });

  it('counts nothing if it is released', async () => {
    const { id } = await open(DAY);
    await stage.units.run((tx) => holds.release(tx, id, 'released'));
    const counter = { spentAmount: 7, spentDay: DAY };
    expect(await stored()).toMatchObject({ balance: 1000, held: 0, ...counter });
  });
});

describe('a redemption code', () => {
  const stage = stageUnits('sqlite');

  it('is random, is returned once, and is stored as a digest', async () => {
    const codes = new RedemptionService(
      ...([stage.units, {} as WalletService, stage.reader, new IdempotencyService()] as const),
    );
    const made = await stage.units.run((tx) => ['a', 'b'].map((it) => codes.make(tx, 500, it)));
    for (const { id, code } of made) {
      expect(code).toMatch(/^[\w-]{20}$/);
      const row = { id, amount: 500, digest: digestOf(code), redeemedBy: null, redeemedAt: null };
      expect(await codes.find(id)).toMatchObject(row);
    }
    expect(new Set(made.map(({ code }) => code)).size).toBe(2);
    expect(await codes.find('unknown')).toBeNull();
  });
});
