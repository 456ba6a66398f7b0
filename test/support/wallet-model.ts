import { expect } from '@jest/globals';
import { isUniqueViolation } from '../../src/database/database-errors.js';
import type { Tx } from '../../src/database/transactions/tx.js';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import {
  IdempotencyKeyInUse,
  IdempotencyKeyReused,
  InsufficientBalance,
} from '../../src/errors.js';
import { idempotencyRecord } from '../../src/wallet/idempotency-record.js';
import { ChargesService } from '../../src/wallet/charges.service.js';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import { HoldsService } from '../../src/wallet/holds/holds.service.js';
import { RedemptionService } from '../../src/wallet/redemption.service.js';
import { WalletService } from '../../src/wallet/wallet.service.js';
import type { TestApp } from './app.js';
import { noteOf } from './note.js';

/** A minimal model of a wallet. The service must agree with it after every step. */
export class Model {
  balance = 0;
  limit: number | null = null;
  spent = 0;
  readonly open = new Map<string, number>();
  readonly keys = new Map<string, { id: string; amount: number }>();
  readonly credited = new Set<string>();
  get held(): number {
    return [...this.open.values()].reduce((sum, amount) => sum + amount, 0);
  }
  canAfford(amount: number): boolean {
    const allowed = this.limit === null || this.spent + this.held + amount <= this.limit;
    return this.balance - this.held >= amount && allowed;
  }
  giveBack(ids: readonly string[]): void {
    for (const id of ids) this.open.delete(id);
    for (const [key, { id }] of this.keys) if (ids.includes(id)) this.keys.delete(key);
  }
}

/** The service, the wallets opened in this run, and the number of steps in all runs. */
export interface World {
  readonly app: TestApp;
  readonly owners: string[];
  readonly count: { steps: number; wallets: number };
}

/** One step on one wallet, both in the service and in the model. */
export type Step = (wallet: Model, ownerId: string, world: World) => Promise<void>;

export const run = <T>({ app }: World, work: (tx: Tx) => T | Promise<T>) =>
  app.nest.get(UnitOfWork).run(work);

export const isTaken = (done: Promise<unknown>) =>
  done.then(
    () => false,
    (error: unknown) => isUniqueViolation(error),
  );

const chatClaim = (key: string | undefined, amount: number) =>
  idempotencyRecord('chat', key, { amount });

export const hold =
  (amount: number, key: string | undefined): Step =>
  async (wallet, ownerId, world) => {
    const holds = world.app.nest.get(HoldsService);
    const idempotency = chatClaim(key, amount);
    const held = run(world, (tx) => holds.hold(tx, { ownerId, amount, idempotency }));
    // The key is checked first: a repeated request gets the result of the first one, even if the money does not
    // suffice.
    if (key !== undefined && wallet.keys.has(key)) {
      expect(await isTaken(held)).toBe(true);
    } else if (!wallet.canAfford(amount)) {
      await expect(held).rejects.toThrow(InsufficientBalance);
    } else {
      const { id } = await held;
      wallet.open.set(id, amount);
      if (key !== undefined) wallet.keys.set(key, { id, amount });
    }
  };

/**
 * Pays all amounts at once, so that they share statements. Some are paid, and no refused one could have been paid.
 */
export const payAtOnce =
  (amounts: readonly number[]): Step =>
  async (wallet, ownerId, { app }) => {
    const gone = new AbortController().signal;
    const paid = await Promise.allSettled(
      amounts.map((amount) => {
        const charge = { ownerId, amount, ...noteOf('model', ownerId) };
        return app.nest.get(ChargesService).pay(charge, gone, (_, { charged }) => charged);
      }),
    );
    for (const one of paid) {
      if (one.status === 'rejected') continue;
      wallet.balance -= one.value;
      wallet.spent += one.value;
    }
    for (const [index, one] of paid.entries()) {
      if (one.status === 'fulfilled') expect(one.value).toBe(amounts[index]);
      else {
        expect(one.reason).toBeInstanceOf(InsufficientBalance);
        expect(wallet.canAfford(amounts[index] ?? 0)).toBe(false);
      }
    }
    const overspent = wallet.limit !== null && wallet.spent + wallet.held > wallet.limit;
    if (paid.some(({ status }) => status === 'fulfilled')) expect(overspent).toBe(false);
  };

export const retry =
  (key: string): Step =>
  async (wallet, ownerId, { app }) => {
    const first = wallet.keys.get(key);
    const find = (amount: number) => {
      const idempotency = idempotencyRecord('chat', key, { amount });
      if (!idempotency) throw new Error('no record');
      return app.nest.get(HoldsService).findByKey(ownerId, idempotency);
    };
    if (!first) {
      expect(await find(1)).toBeUndefined();
      return;
    }
    await expect(find(first.amount + 1)).rejects.toThrow(IdempotencyKeyReused);
    if (wallet.open.has(first.id)) {
      await expect(find(first.amount)).rejects.toThrow(IdempotencyKeyInUse);
    } else expect(await find(first.amount)).toBe(first.id);
  };

export const resolve =
  (pick: number, how: 'capture' | 'release', share: number): Step =>
  async (wallet, ownerId, world) => {
    const holds = world.app.nest.get(HoldsService);
    const id = [...wallet.open.keys()][pick % Math.max(1, wallet.open.size)];
    if (id === undefined) return;
    const amount = Math.floor(((wallet.open.get(id) ?? 0) * share) / 100);
    const why = noteOf('model', ownerId);
    const take = () => run(world, (tx) => holds.capture(tx, id, amount, why));
    const free = () => run(world, (tx) => holds.release(tx, id, 'released'));
    expect(await (how === 'capture' ? take() : free())).toBeTruthy();
    // A hold is resolved once. A second attempt does nothing.
    expect([await take(), await free()]).toEqual([undefined, undefined]);
    if (how === 'release') {
      wallet.giveBack([id]);
      return;
    }
    wallet.open.delete(id);
    wallet.balance -= amount;
    wallet.spent += amount;
  };

export const expire: Step = async (wallet, ownerId, { app }) => {
  await app.database.rows(`UPDATE holds SET expires_at = 0 WHERE owner_id = $1`, [ownerId]);
  await app.nest.get(HoldSweeper).sweep();
  wallet.giveBack([...wallet.open.keys()]);
};

export const credit =
  (amount: number, key: string | undefined): Step =>
  async (wallet, ownerId, world) => {
    const idempotency = idempotencyRecord('grant', key, { key });
    const wallets = world.app.nest.get(WalletService);
    const entry = { ownerId, amount, kind: 'grant', reason: 'model', idempotency } as const;
    const done = run(world, (tx) => wallets.credit(tx, entry));
    if (key !== undefined && wallet.credited.has(key)) {
      expect(await isTaken(done)).toBe(true);
      return;
    }
    await done;
    if (key !== undefined) wallet.credited.add(key);
    wallet.balance += amount;
  };

export const redeem =
  (amount: number): Step =>
  async (wallet, ownerId, world) => {
    const codes = world.app.nest.get(RedemptionService);
    const { code } = await run(world, (tx) => codes.make(tx, amount, 'model'));
    await codes.redeem(ownerId, code, undefined);
    await expect(codes.redeem(ownerId, code, undefined)).rejects.toThrow();
    wallet.balance += amount;
  };

export const limit =
  (daily: number | null): Step =>
  async (wallet, ownerId, world) => {
    const wallets = world.app.nest.get(WalletService);
    await run(world, (tx) => wallets.setDailyLimit(tx, ownerId, daily));
    wallet.limit = daily;
  };
