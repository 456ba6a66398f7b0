import { expect } from '@jest/globals';
import fc from 'fast-check';
import { isUniqueViolation } from '../../src/database/database-errors.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import {
  IdempotencyKeyInUse,
  IdempotencyKeyReused,
  InsufficientBalance,
} from '../../src/errors.js';
import { claimOf } from '../../src/wallet/claim.js';
import { HoldSweeper } from '../../src/wallet/hold-sweeper.js';
import { HoldsService } from '../../src/wallet/holds.service.js';
import { RedemptionService } from '../../src/wallet/redemption.service.js';
import { WalletService } from '../../src/wallet/wallet.service.js';
import type { TestApp } from './app.js';

const WALLETS_MAX = 3;
const KEYS = ['a', 'b', 'c'];

/** The wallet in ten lines: what the service must agree with after every step. */
export class Model {
  balance = 0;
  limit: number | null = null;
  spent = 0;
  readonly open = new Map<string, number>();
  readonly claims = new Map<string, { id: string; amount: number }>();
  readonly credited = new Set<string>();
  get held(): number {
    return [...this.open.values()].reduce((sum, amount) => sum + amount, 0);
  }
  affords(amount: number): boolean {
    const allowed = this.limit === null || this.spent + this.held + amount <= this.limit;
    return this.balance - this.held >= amount && allowed;
  }
  giveBack(ids: readonly string[]): void {
    for (const id of ids) this.open.delete(id);
    for (const [key, { id }] of this.claims) if (ids.includes(id)) this.claims.delete(key);
  }
}

/** The service, the wallets opened in this run, and how many steps all runs have taken. */
export interface World {
  readonly app: TestApp;
  readonly owners: string[];
  readonly count: { steps: number; wallets: number };
}

type Step = (wallet: Model, ownerId: string, world: World) => Promise<void>;

const run = <T>({ app }: World, work: Parameters<UnitOfWork['run']>[0]) =>
  app.nest.get(UnitOfWork).run(work) as Promise<T>;

const isTaken = (done: Promise<unknown>) =>
  done.then(
    () => false,
    (error: unknown) => isUniqueViolation(error),
  );

const chatClaim = (key: string | undefined, amount: number) => claimOf('chat', key, { amount });

const hold =
  (amount: number, key: string | undefined): Step =>
  async (wallet, ownerId, world) => {
    const holds = world.app.nest.get(HoldsService);
    const claim = chatClaim(key, amount);
    const held = run<string>(world, (tx) => holds.hold(tx, { ownerId, amount, claim }));
    if (!wallet.affords(amount)) {
      await expect(held).rejects.toThrow(InsufficientBalance);
    } else if (key !== undefined && wallet.claims.has(key)) {
      expect(await isTaken(held)).toBe(true);
    } else {
      const id = await held;
      wallet.open.set(id, amount);
      if (key !== undefined) wallet.claims.set(key, { id, amount });
    }
  };

const retry =
  (key: string): Step =>
  async (wallet, ownerId, { app }) => {
    const first = wallet.claims.get(key);
    const find = (amount: number) => {
      const claim = claimOf('chat', key, { amount });
      if (!claim) throw new Error('no claim');
      return app.nest.get(HoldsService).findClaimed(ownerId, claim);
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

const resolve =
  (pick: number, how: 'capture' | 'release', share: number): Step =>
  async (wallet, ownerId, world) => {
    const holds = world.app.nest.get(HoldsService);
    const id = [...wallet.open.keys()][pick % Math.max(1, wallet.open.size)];
    if (id === undefined) return;
    const amount = Math.floor(((wallet.open.get(id) ?? 0) * share) / 100);
    const why = { reason: 'model', turnId: ownerId };
    const take = () => run(world, (tx) => holds.capture(tx, id, amount, why));
    const free = () => run(world, (tx) => holds.release(tx, id, 'released'));
    expect(await (how === 'capture' ? take() : free())).toBeTruthy();
    // A hold resolves once, whoever comes second.
    expect([await take(), await free()]).toEqual([undefined, false]);
    if (how === 'release') {
      wallet.giveBack([id]);
      return;
    }
    wallet.open.delete(id);
    wallet.balance -= amount;
    wallet.spent += amount;
  };

const expire: Step = async (wallet, ownerId, { app }) => {
  await app.database.rows(`UPDATE holds SET expires_at = 0 WHERE owner_id = $1`, [ownerId]);
  await app.nest.get(HoldSweeper).sweep();
  wallet.giveBack([...wallet.open.keys()]);
};

const credit =
  (amount: number, key: string | undefined): Step =>
  async (wallet, ownerId, world) => {
    const claim = claimOf('grant', key, { key });
    const wallets = world.app.nest.get(WalletService);
    const entry = { ownerId, amount, kind: 'grant', reason: 'model', claim } as const;
    const done = run(world, (tx) => wallets.credit(tx, entry));
    if (key !== undefined && wallet.credited.has(key)) {
      expect(await isTaken(done)).toBe(true);
      return;
    }
    await done;
    if (key !== undefined) wallet.credited.add(key);
    wallet.balance += amount;
  };

const redeem =
  (amount: number): Step =>
  async (wallet, ownerId, world) => {
    const codes = world.app.nest.get(RedemptionService);
    const code = await run<string>(world, (tx) => codes.make(tx, amount, 'model'));
    await codes.redeem(ownerId, code, undefined);
    await expect(codes.redeem(ownerId, code, undefined)).rejects.toThrow();
    wallet.balance += amount;
  };

const limit =
  (daily: number | null): Step =>
  async (wallet, ownerId, world) => {
    const wallets = world.app.nest.get(WalletService);
    await run(world, (tx) => wallets.setDailyLimit(tx, ownerId, daily));
    wallet.limit = daily;
  };

/** Afterwards the service and the model say the same of every wallet. */
async function assertAgrees(models: readonly Model[], { app, owners }: World): Promise<void> {
  for (const [index, { balance, held }] of models.entries()) {
    const summary = await app.nest.get(WalletService).summary(owners[index] ?? '');
    expect([index, summary.balance, summary.held]).toEqual([index, balance, held]);
  }
}

/** Opens one more wallet, with a grant; a second one for the same owner is refused. */
class Register implements fc.AsyncCommand<Model[], World> {
  constructor(private readonly grant: number) {}

  check(models: Readonly<Model[]>): boolean {
    return models.length < WALLETS_MAX;
  }

  async run(models: Model[], world: World): Promise<void> {
    world.count.steps += 1;
    world.count.wallets += 1;
    const ownerId = `model-${String(world.count.wallets)}`;
    const wallets = world.app.nest.get(WalletService);
    const open = () =>
      run(world, (tx) => {
        wallets.open(tx, ownerId, this.grant);
      });
    await open();
    expect(await isTaken(open())).toBe(true);
    world.owners.push(ownerId);
    const model = new Model();
    model.balance = this.grant;
    models.push(model);
    await assertAgrees(models, world);
  }

  toString(): string {
    return `register with ${String(this.grant)}`;
  }
}

/** One step on one of the wallets that there are. */
class Command implements fc.AsyncCommand<Model[], World> {
  constructor(
    private readonly which: number,
    private readonly name: string,
    private readonly step: Step,
  ) {}

  check(models: Readonly<Model[]>): boolean {
    return this.which < models.length;
  }

  async run(models: Model[], world: World): Promise<void> {
    const [model, ownerId] = [models[this.which], world.owners[this.which]];
    if (!model || ownerId === undefined) throw new Error('no such wallet');
    world.count.steps += 1;
    await this.step(model, ownerId, world);
    await assertAgrees(models, world);
  }

  toString(): string {
    return `${String(this.which)}: ${this.name}`;
  }
}

const wallet = fc.nat(WALLETS_MAX - 1);
const amounts = fc.integer({ min: 1, max: 300 });
const hows = fc.constantFrom('capture' as const, 'release' as const);
const keys = fc.option(fc.constantFrom(...KEYS), { nil: undefined });
/** Every step that a wallet can go through, on any of the wallets that there are. */
export const commands = [
  fc.nat(300).map((grant) => new Register(grant)),
  fc
    .tuple(wallet, amounts, keys)
    .map(([w, n, key]) => new Command(w, `hold ${String(n)} key ${String(key)}`, hold(n, key))),
  fc
    .tuple(wallet, fc.constantFrom(...KEYS))
    .map(([w, key]) => new Command(w, `retry key ${key}`, retry(key))),
  fc
    .tuple(wallet, fc.nat(9), hows, fc.nat(100))
    .map(
      ([w, n, how, share]) =>
        new Command(w, `${how} ${String(share)} % of hold ${String(n)}`, resolve(n, how, share)),
    ),
  wallet.map((w) => new Command(w, 'expire', expire)),
  fc
    .tuple(wallet, amounts, keys)
    .map(([w, n, key]) => new Command(w, `credit ${String(n)} key ${String(key)}`, credit(n, key))),
  fc.tuple(wallet, amounts).map(([w, n]) => new Command(w, `redeem ${String(n)}`, redeem(n))),
  fc
    .tuple(wallet, fc.option(fc.nat(2000)))
    .map(([w, daily]) => new Command(w, `limit ${String(daily)}`, limit(daily))),
];
