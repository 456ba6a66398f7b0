import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import { InsufficientBalance, StorageFull } from '../../src/errors.js';
import { dayOf, nowMicros } from '../../src/time.js';
import { spendRefusal, type Spend } from '../../src/wallet/spending.js';
import { StorageService } from '../../src/wallet/storage.service.js';
import type { StorageBounds } from '../../src/wallet/stored.js';
import { Wallet } from '../../src/wallet/wallet.entity.js';
import { databaseKinds } from '../support/databases.js';
import { keepWithinOneDay } from '../support/midnight.js';
import { wallet } from '../support/rows.js';
import { stageUnits } from '../support/stages.js';

const ROOM: StorageBounds = [1000, 10];
const CONFIG = { storedMaxBytes: 1000, conversationsMax: 10 } as Config;

describe('the reason why a wallet does not cover an amount', () => {
  keepWithinOneDay();
  const stage = stageUnits('sqlite');

  const refusalOf = async (row: Partial<Wallet>, spend: Partial<Spend> = {}, room = ROOM) => {
    await stage.units.run((tx) => {
      tx.insertLater(Wallet, wallet('ada', { balance: 150, held: 50, ...row }));
    });
    const spends = { ownerId: 'ada', amount: 100, ...spend };
    return stage.units.run((tx) => spendRefusal(tx, spends, room));
  };
  const today = () => dayOf(nowMicros());
  const expectShortage = (refusal: Error, required: number, available: number, limit?: string) => {
    expect(refusal).toBeInstanceOf(InsufficientBalance);
    expect((refusal as InsufficientBalance).headers).toEqual({
      'Tokens-Required': String(required),
      'Tokens-Available': String(available),
      ...(limit && { 'Tokens-Limit': limit }),
    });
  };

  it.each([
    ['the balance', { held: 51 }, 99, undefined],
    ['the balance, without regard to a daily limit', { held: 51, dailyLimit: 10 }, 99, undefined],
    ['the balance, without regard to room', { held: 51, storedBytes: 1001 }, 99, undefined],
    ['the daily limit, by what is held', { dailyLimit: 149 }, 100, 'daily'],
    ['the daily limit, without regard to room', { dailyLimit: 0, storedBytes: 1001 }, 100, 'daily'],
    ['neither, because another request was faster', { dailyLimit: 150 }, 100, undefined],
  ])('is %s', async (_, row, available, limit) => {
    expectShortage(await refusalOf(row), 100, available, limit);
  });

  it.each([
    [0, 'daily'],
    [1, 'daily'],
    [-1, undefined],
    [2, undefined],
  ])('is the daily limit by what was spent on the day %i days from now', async (days, limit) => {
    const spent = { dailyLimit: 150, spentAmount: 1, spentDay: today() + days };
    expectShortage(await refusalOf(spent), 100, 100, limit);
  });

  it.each([100, 0])(
    'is a balance of 0 if there is no wallet, for an amount of %i',
    async (amount) => {
      expectShortage(await refusalOf({}, { ownerId: 'bob', amount }), amount, 0);
    },
  );

  it.each([
    [{ storedBytes: 998 }, { bytes: 3, conversations: 0 }, true],
    [{ storedBytes: 997 }, { bytes: 3, conversations: 0 }, false],
    [{ conversationCount: 10 }, { bytes: 0, conversations: 1 }, true],
    [{ conversationCount: 9 }, { bytes: 0, conversations: 1 }, false],
    [{ storedBytes: 1001 }, undefined, true],
    [{ storedBytes: 1000 }, undefined, false],
  ])('is the storage, if the tokens are exactly enough: %p and %p', async (row, stored, isFull) => {
    const refusal = await refusalOf(row, { stored });
    expect(refusal instanceof StorageFull).toBe(isFull);
  });
});

describe.each(databaseKinds)('the count of what is stored on %s, without a service', (kind) => {
  const stage = stageUnits(kind);
  let storage: StorageService;
  beforeAll(() => {
    storage = new StorageService(CONFIG);
  });

  const open = () =>
    stage.units.run((tx) => {
      const counted = { lastOrdinal: 4, storedBytes: 900, conversationCount: 9 };
      for (const owner of ['ada', 'bob']) tx.insertLater(Wallet, wallet(owner, counted));
    });
  const counts = () =>
    stage.reader.read(
      `SELECT owner_id AS owner, last_ordinal AS ordinal, stored_bytes AS bytes,
         conversation_count AS conversations FROM wallets ORDER BY 1`,
      [],
    );
  const bob = { owner: 'bob', ordinal: 4, bytes: 900, conversations: 9 };

  it('grows up to its bounds, and not beyond', async () => {
    await open();
    const add = (bytes: number, conversations: number) =>
      stage.units.run((tx) => storage.add(tx, 'ada', { bytes, conversations }));
    await expect(add(101, 0)).rejects.toBeInstanceOf(StorageFull);
    await expect(add(0, 2)).rejects.toBeInstanceOf(StorageFull);
    expect(await counts()).toEqual([{ ...bob, owner: 'ada' }, bob]);
    expect([await add(100, 1), await add(0, 0)]).toEqual([5, 6]);
    const full = { owner: 'ada', ordinal: 6, bytes: 1000, conversations: 10 };
    expect(await counts()).toEqual([full, bob]);
    await stage.units.run((tx) => storage.remove(tx, 'ada', { bytes: 30, conversations: 2 }));
    expect(await counts()).toEqual([{ ...full, bytes: 970, conversations: 8 }, bob]);
  });

  if (kind === 'sqlite') return; // It has one writer.

  it('is locked for its owner alone until the transaction ends', async () => {
    await open();
    const free = () =>
      stage.reader.read('SELECT owner_id AS owner FROM wallets FOR UPDATE SKIP LOCKED', []);
    await stage.units.run(async (tx) => {
      await storage.lock(tx, 'ada');
      expect(await free()).toEqual([{ owner: 'bob' }]);
    });
    expect(await free()).toHaveLength(2);
    expect(await counts()).toEqual([{ ...bob, owner: 'ada' }, bob]);
  });
});
