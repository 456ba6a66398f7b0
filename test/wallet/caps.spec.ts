import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuthenticationFailed } from '../../src/errors.js';
import { dayOf } from '../../src/time.js';
import { CapsService, type CapChange } from '../../src/wallet/caps.service.js';
import { periodOf, periodsNow } from '../../src/wallet/cap-period.js';
import type { CapReset } from '../../src/wallet/spending-cap.entity.js';
import { Wallet } from '../../src/wallet/wallet.entity.js';
import { stopClockAt } from '../support/fixed-clock.js';
import { wallet } from '../support/rows.js';
import { stageUnits } from '../support/stages.js';
import { StatementLog } from '../support/statement-log.js';

const NOW = Date.UTC(2026, 4, 31, 12) + 500;
const DAY = Math.floor(NOW / 86_400_000);
const MONTH = 2026 * 12 + 4;

describe('spending caps, without a service', () => {
  stopClockAt(NOW);
  const stage = stageUnits('sqlite');
  let caps: CapsService;
  let log: StatementLog;

  beforeAll(() => {
    caps = new CapsService(stage.reader);
    log = new StatementLog([stage.database]);
  });
  beforeEach(() =>
    stage.units.run((tx) => {
      tx.insertLater(Wallet, wallet('ada', { balance: 1000, held: 10 }));
      tx.insertLater(Wallet, wallet('bob'));
    }),
  );

  const open = (limit: number | null, reset: CapReset = null, ownerId = 'ada') =>
    stage.units.run((tx) => caps.open(tx, ownerId, limit, reset));
  const stored = async (id: string) => {
    const sql = `SELECT owner_id AS "ownerId", limit_amount AS "limit", reset, held, spent_amount AS spent,
      spent_period AS period, created_at AS "createdAt" FROM spending_caps WHERE id = $1`;
    const [row] = await stage.reader.read<Record<string, unknown>>(sql, [id]);
    return row;
  };
  const set = (id: string, columns: string) =>
    stage.database.statements.rows(`UPDATE spending_caps SET ${columns} WHERE id = $1`, [id]);
  const spendOf = (capId: string | undefined, amount = 100) => ({ ownerId: 'ada', amount, capId });
  const hold = (capId: string | undefined, amount?: number) =>
    stage.units.run((tx) => caps.hold(tx, spendOf(capId, amount)));
  const spend = (capId: string | undefined, amount?: number) =>
    stage.units.run((tx) => caps.spend(tx, spendOf(capId, amount)));
  const settle = (capId: string | null, held: number, amount: number) =>
    stage.units.run((tx) => caps.settle(tx, capId, held, amount));
  const change = (id: string, changes: CapChange) =>
    stage.units.run((tx) => caps.change(tx, id, changes));
  const capStatements = async (work: () => Promise<unknown>) => {
    const names = (await log.during(work)).map(({ name }) => name);
    return names.filter((name) => name.startsWith('cap.'));
  };

  it.each([
    [null, null, 0, Infinity],
    [0, 'daily', DAY, 0],
    [300, 'monthly', MONTH, 300],
  ] as const)('start with nothing spent: %p, %p', async (limit, reset, period, remaining) => {
    const id = await open(limit, reset);
    const row = await stored(id);
    const createdAt = expect.any(Number) as unknown;
    expect(row).toEqual({ ownerId: 'ada', limit, reset, held: 0, spent: 0, period, createdAt });
    expect(dayOf(Number(row?.['createdAt']))).toBe(DAY);
    expect(await caps.states([id])).toEqual(new Map([[id, { limit, reset, used: 0 }]]));
    expect(await caps.remaining(id)).toBe(remaining);
  });

  it('refuse a limit that is no amount', async () => {
    await expect(open(-1)).rejects.toThrow(RangeError);
    expect(await stage.reader.read('SELECT id FROM spending_caps', [])).toEqual([]);
  });

  it('hold up to the limit, and refuse the next token with the reason', async () => {
    const id = await open(300);
    await set(id, 'spent_amount = 50');
    await hold(id);
    await hold(id, 150);
    expect(await stored(id)).toMatchObject({ held: 250, spent: 50 });
    expect(await caps.remaining(id)).toBe(0);
    await expect(hold(id, 1)).rejects.toMatchObject({
      required: 1,
      available: 990,
      headers: { 'Tokens-Limit': 'key' },
    });
    await expect(spend(id, 1)).rejects.toMatchObject({
      required: 1,
      available: 990,
      headers: { 'Tokens-Limit': 'key' },
    });
    expect(await stored(id)).toMatchObject({ held: 250, spent: 50 });
  });

  it('count what is spent, up to the limit and without one', async () => {
    const [id, free] = [await open(300), await open(null)];
    await set(id, 'held = 100');
    await spend(id);
    await spend(id);
    await expect(spend(id, 1)).rejects.toMatchObject({ required: 1 });
    await expect(hold(id, 1)).rejects.toMatchObject({ required: 1 });
    expect(await stored(id)).toMatchObject({ held: 100, spent: 200, period: 0 });
    await spend(free, 5000);
    await hold(free, 5000);
    expect(await stored(free)).toMatchObject({ held: 5000, spent: 5000 });
  });

  it('refuse the key of a removed cap, and change no other cap', async () => {
    const [id, other] = [await open(300), await open(300)];
    await stage.units.run((tx) => caps.remove(tx, id));
    const invalid = new AuthenticationFailed('Invalid token.');
    for (const step of [hold, spend]) {
      const refusal = await step(id).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(AuthenticationFailed);
      expect(refusal).toEqual(invalid);
    }
    await settle(id, 100, 50);
    expect([await stored(id), await caps.remaining(id)]).toEqual([undefined, 0]);
    expect(await stored(other)).toMatchObject({ held: 0, spent: 0 });
  });

  it('are removed with their owner, and those of other owners stay', async () => {
    const ids = [await open(1), await open(2), await open(3, null, 'bob')];
    await stage.units.run((tx) => caps.removeAll(tx, 'ada'));
    expect([...(await caps.states(ids)).keys()]).toEqual([ids[2]]);
  });

  it('run no statement for a spend without a cap', async () => {
    await open(0);
    const none = await capStatements(async () => {
      await hold(undefined);
      await spend(undefined);
      await settle(null, 100, 100);
      await stage.units.run(async (tx) => {
        expect(await caps.spendMany(tx, [spendOf(undefined)])).toEqual(new Set());
        await caps.undoSpendMany(tx, [spendOf(undefined)]);
      });
    });
    expect(none).toEqual([]);
  });

  it('count many spends by the sum of each cap, all of it or nothing', async () => {
    const [fits, full, free, idle] = [
      await open(200),
      await open(199),
      await open(null),
      await open(5, 'daily'),
    ];
    const spends = [fits, full, free, undefined, fits, full].map((id) => spendOf(id));
    await stage.units.run(async (tx) => {
      expect(await caps.spendMany(tx, spends)).toEqual(new Set([fits, free]));
    });
    const spent = async () => {
      const rows = await Promise.all([fits, full, free, idle].map((id) => stored(id)));
      return rows.map((row) => row?.['spent']);
    };
    expect(await spent()).toEqual([200, 0, 100, 0]);
    await stage.units.run((tx) => caps.undoSpendMany(tx, [spendOf(fits, 30), spendOf(fits, 40)]));
    expect(await spent()).toEqual([130, 0, 100, 0]);
    await set(idle, `held = 3, spent_period = ${String(DAY)}`);
    await stage.units.run(async (tx) => {
      expect(await caps.spendMany(tx, [spendOf(idle, 3)])).toEqual(new Set());
      expect(await caps.spendMany(tx, [spendOf(idle, 2)])).toEqual(new Set([idle]));
    });
    expect(await stored(idle)).toMatchObject({ held: 3, spent: 2, period: DAY });
  });

  it('give back what a hold did not spend', async () => {
    const id = await open(300, 'monthly');
    await hold(id, 200);
    await hold(id, 100);
    await settle(id, 200, 70);
    expect(await stored(id)).toMatchObject({ held: 100, spent: 70, period: MONTH });
    await settle(id, 100, 0);
    expect(await stored(id)).toMatchObject({ held: 0, spent: 70 });
  });

  it.each([
    ['only the limit', 'daily', { limit: 50 }, { limit: 50, reset: 'daily', spent: 40 }],
    ['to no limit', 'daily', { limit: null }, { limit: null, reset: 'daily', spent: 40 }],
    ['nothing', 'daily', {}, { limit: 300, reset: 'daily', spent: 40 }],
    ['to the same reset', 'daily', { reset: 'daily' }, { reset: 'daily', spent: 40, period: DAY }],
    ['to the same lack of a reset', null, { reset: null }, { reset: null, spent: 40, period: 0 }],
    ['to another reset', 'daily', { reset: 'monthly' }, { spent: 0, period: MONTH }],
    ['to no reset', 'daily', { reset: null }, { reset: null, spent: 0, period: 0 }],
    ['both', null, { limit: 7, reset: 'daily' }, { limit: 7, spent: 0, period: DAY }],
  ] as const)('are changed: %s', async (_, reset, changes, expected) => {
    const [id, other] = [await open(300, reset), await open(300, reset)];
    for (const one of [id, other]) {
      await spend(one, 40);
      await hold(one, 30);
    }
    await change(id, changes);
    expect(await stored(id)).toMatchObject({ held: 30, ...expected });
    expect(await stored(other)).toMatchObject({ limit: 300, reset, held: 30, spent: 40 });
  });

  it('have nothing left, and not less, when the limit was lowered below what is used', async () => {
    const id = await open(300);
    await spend(id, 200);
    await change(id, { limit: 150 });
    expect(await caps.remaining(id)).toBe(0);
    await change(id, { limit: 250 });
    expect(await caps.remaining(id)).toBe(50);
  });

  describe.each([
    ['daily', DAY],
    ['monthly', MONTH],
  ] as const)('with a %s reset', (reset, now) => {
    // Another process may be past midnight already. A counter of any other period is over.
    it.each([
      [-1, 0, now],
      [0, 80, now],
      [1, 80, now + 1],
      [2, 0, now],
    ])('count this period and the next one: %i periods later', async (later, counted, period) => {
      const [id, many, settled] = [
        await open(100, reset),
        await open(100, reset),
        await open(100, reset),
      ];
      for (const one of [id, many, settled])
        await set(one, `spent_amount = 80, spent_period = ${String(now + later)}`);
      expect(await caps.remaining(id)).toBe(100 - counted);
      await expect(spend(id, 101 - counted)).rejects.toMatchObject({ available: 990 });
      await expect(hold(id, 101 - counted)).rejects.toMatchObject({ available: 990 });
      await stage.units.run(async (tx) => {
        expect(await caps.spendMany(tx, [spendOf(many, 101 - counted)])).toEqual(new Set());
        expect(await caps.spendMany(tx, [spendOf(many, 5)])).toEqual(new Set([many]));
      });
      await spend(id, 5);
      await settle(settled, 0, 5);
      for (const one of [id, many, settled])
        expect(await stored(one)).toMatchObject({ spent: counted + 5, period });
    });
  });

  it('count in the current day, month, or for all time', () => {
    expect(periodsNow()).toEqual([DAY, MONTH]);
    expect([periodOf(null), periodOf('daily'), periodOf('monthly')]).toEqual([0, DAY, MONTH]);
  });
});
