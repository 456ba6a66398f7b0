import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import { DatabaseClock } from '../../src/database/database-clock.js';
import { ProcessLease } from '../../src/database/process-lease.js';
import { SECOND_MICROS } from '../../src/time.js';
import { Hold } from '../../src/wallet/holds/hold.entity.js';
import { HoldRecords, type AnswerSpend } from '../../src/wallet/holds/hold-records.js';
import { HoldStops } from '../../src/wallet/holds/hold-stops.js';
import { OpenHolds } from '../../src/wallet/holds/open-holds.js';
import { Wallet } from '../../src/wallet/wallet.entity.js';
import { stopClockAt } from '../support/fixed-clock.js';
import { hold, wallet } from '../support/rows.js';
import { stageUnits } from '../support/stages.js';

const NOW = Date.UTC(2026, 4, 31, 12) + 500;
const LIFETIME_SECONDS = 120;
const CONFIG = { answerTimeoutSeconds: 100, holdLifetimeSeconds: 20 } as Config;
const ENDED_PROCESS_ID = 0;

describe('the rows of holds', () => {
  stopClockAt(NOW);
  const stage = stageUnits('sqlite');
  let lease: ProcessLease;
  let stops: HoldStops;
  let open: OpenHolds;

  beforeAll(() => {
    lease = new ProcessLease(stage.database);
    stops = new HoldStops(stage.reader, lease);
    const clock = new DatabaseClock(stage.database);
    open = new OpenHolds(stage.reader, lease, clock);
  });
  beforeEach(() =>
    stage.units.run((tx) => {
      for (const owner of ['ada', 'bob']) tx.insertLater(Wallet, wallet(owner));
    }),
  );

  const insert = (...holds: Hold[]) =>
    stage.units.run((tx) => {
      for (const one of holds) tx.insertLater(Hold, one);
    });
  const stored = () => stage.reader.repository(Hold).find({ order: { id: 'ASC' } });

  it('name the lifetime of the hold, and the process that answers for it', async () => {
    const records = new HoldRecords(lease, new DatabaseClock(stage.database), CONFIG);
    const idempotency = { route: 'chat', key: 'k', hash: 'h' };
    const full = { holdId: 'b', capId: 'cap', turnBytes: 7, idempotency };
    const spends: AnswerSpend[] = [
      { ownerId: 'ada', amount: 5 },
      { ownerId: 'bob', amount: 6, ...full },
    ];
    const ids = await stage.units.run((tx) => spends.map((spend) => records.add(tx, spend, 3)));
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), 'b']);
    const rows = await stored();
    const opened = { state: 'open', createdAt: 3, resolvedAt: null, processId: lease.id } as const;
    const expiresAt = expect.any(Number) as unknown as number;
    expect(rows).toEqual([
      hold(ids[0] ?? '', 'ada', { ...opened, amount: 5, expiresAt }),
      hold('b', 'bob', {
        ...{ ...opened, amount: 6, expiresAt, capId: 'cap', storedBytes: 7 },
        ...{ idempotencyRoute: 'chat', idempotencyKey: 'k', idempotencyHash: 'h' },
      }),
    ]);
    for (const row of rows)
      expect(Math.floor(row.expiresAt / SECOND_MICROS)).toBe(
        Math.floor(NOW / 1000) + LIFETIME_SECONDS,
      );
  });

  it('of open holds record the first request of their owner to stop', async () => {
    await insert(
      hold('asked', 'ada', { processId: lease.id, stopAskedAt: 5 }),
      hold('ended', 'ada', { processId: lease.id, state: 'captured', resolvedAt: 1 }),
      hold('fresh', 'ada', { processId: lease.id }),
      hold('other', 'bob', { processId: lease.id }),
    );
    const ask = (id: string) => stage.units.run((tx) => stops.requestStop(tx, 'ada', id));
    const answers = [];
    for (const id of ['asked', 'ended', 'fresh', 'other', 'unknown']) answers.push(await ask(id));
    expect(answers).toEqual([true, false, true, false, false]);
    const [asked, ended, fresh, other] = await stored();
    expect([asked, ended, other].map((row) => row?.stopAskedAt)).toEqual([5, null, null]);
    expect(Math.floor((fresh?.stopAskedAt ?? 0) / SECOND_MICROS)).toBe(Math.floor(NOW / 1000));
  });

  it('tell a process which of its open holds are to stop', async () => {
    await insert(
      hold('ended', 'ada', { processId: lease.id, stopAskedAt: 5, state: 'released' }),
      hold('goes on', 'ada', { processId: lease.id }),
      hold('of another process', 'ada', { processId: lease.id + 1, stopAskedAt: 5 }),
      hold('to stop', 'ada', { processId: lease.id, stopAskedAt: 5 }),
    );
    expect(await stops.requestedStops()).toEqual(['to stop']);
  });

  it('are expired when they are overdue, or when their process has ended', async () => {
    const now = NOW * 1000;
    const [past, future] = [now - SECOND_MICROS, now + SECOND_MICROS];
    await insert(
      hold('current', 'ada', { processId: lease.id, expiresAt: future }),
      hold('left', 'ada', { processId: ENDED_PROCESS_ID, expiresAt: future }),
      hold('left and resolved', 'ada', { processId: ENDED_PROCESS_ID, state: 'released' }),
      hold('overdue', 'ada', { processId: lease.id, expiresAt: past }),
      hold('overdue and resolved', 'ada', {
        processId: lease.id,
        expiresAt: past,
        state: 'expired',
      }),
    );
    expect(await open.toExpire()).toEqual(['overdue', 'left']);
  });

  it('are counted while they are open, with the age of the oldest', async () => {
    expect([await open.count(), await open.oldestAgeSeconds()]).toEqual([0, 0]);
    const now = NOW * 1000;
    await insert(
      hold('new', 'ada', { createdAt: now - 5 * SECOND_MICROS }),
      hold('old', 'ada', { createdAt: now - 90 * SECOND_MICROS }),
      hold('older and resolved', 'ada', { createdAt: 1, state: 'released' }),
    );
    expect(await open.count()).toBe(2);
    const age = await open.oldestAgeSeconds();
    expect(Math.round(age)).toBe(90);
  });

  it('have no negative age if another clock is ahead', async () => {
    await insert(hold('of another process', 'ada', { createdAt: NOW * 1000 + SECOND_MICROS }));
    expect(await open.oldestAgeSeconds()).toBe(0);
  });
});
