import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isUniqueViolation } from '../src/database/database-errors.js';
import { Reader } from '../src/database/reader.js';
import { UnitOfWork } from '../src/database/unit-of-work.js';
import { InsufficientBalance } from '../src/errors.js';
import { audit } from '../src/wallet/audit.js';
import { claimOf } from '../src/wallet/claim.js';
import { HoldSweeper } from '../src/wallet/hold-sweeper.js';
import { HoldsService } from '../src/wallet/holds.service.js';
import { RedemptionService } from '../src/wallet/redemption.service.js';
import { WalletService } from '../src/wallet/wallet.service.js';
import { TestApp } from './support/app.js';
import { databaseKinds } from './support/databases.js';

/**
 * A failing run prints its seed, path and `replayPath`: put the first two into `fc.assert`'s options below
 * and the last into `fc.commands`' to see it again.
 */
const RUNS = 60;
const COMMANDS_MAX = 80;
const WALLETS = 3;
const KEYS = ['a', 'b', 'c'];

/** The wallet in ten lines: what the service must agree with after every step. */
class Model {
  balance = 0;
  limit: number | null = null;
  spent = 0;
  readonly open = new Map<string, number>();
  readonly credited = new Set<string>();
  get held(): number {
    return [...this.open.values()].reduce((sum, amount) => sum + amount, 0);
  }
  affords(amount: number): boolean {
    const allowed = this.limit === null || this.spent + this.held + amount <= this.limit;
    return this.balance - this.held >= amount && allowed;
  }
}

interface World {
  readonly app: TestApp;
  readonly owners: readonly string[];
}

type Step = (wallet: Model, ownerId: string, world: World) => Promise<void>;

const run = <T>({ app }: World, work: Parameters<UnitOfWork['run']>[0]) =>
  app.nest.get(UnitOfWork).run(work) as Promise<T>;

const hold =
  (amount: number): Step =>
  async (wallet, ownerId, world) => {
    const holds = world.app.nest.get(HoldsService);
    const held = run<string>(world, (tx) => holds.hold(tx, { ownerId, amount }));
    if (wallet.affords(amount)) wallet.open.set(await held, amount);
    else await expect(held).rejects.toThrow(InsufficientBalance);
  };

const resolve =
  (pick: number, how: 'capture' | 'release', share: number): Step =>
  async (wallet, ownerId, world) => {
    const holds = world.app.nest.get(HoldsService);
    const id = [...wallet.open.keys()][pick % Math.max(1, wallet.open.size)];
    if (id === undefined) return;
    const amount = Math.floor(((wallet.open.get(id) ?? 0) * share) / 100);
    wallet.open.delete(id);
    const why = { reason: 'model', turnId: ownerId };
    const take = () => run(world, (tx) => holds.capture(tx, id, amount, why));
    const free = () => run(world, (tx) => holds.release(tx, id, 'released'));
    expect(await (how === 'capture' ? take() : free())).toBeTruthy();
    // A hold resolves once, whoever comes second.
    expect([await take(), await free()]).toEqual([undefined, false]);
    if (how === 'capture') {
      wallet.balance -= amount;
      wallet.spent += amount;
    }
  };

const expire: Step = async (wallet, ownerId, { app }) => {
  await app.database.rows(`UPDATE holds SET expires_at = 0 WHERE owner_id = $1`, [ownerId]);
  await app.nest.get(HoldSweeper).sweep();
  wallet.open.clear();
};

const credit =
  (amount: number, key: string | undefined): Step =>
  async (wallet, ownerId, world) => {
    const claim = claimOf('grant', key, { key });
    const wallets = world.app.nest.get(WalletService);
    const entry = { ownerId, amount, kind: 'grant', reason: 'model', claim } as const;
    const done = run(world, (tx) => wallets.credit(tx, entry));
    if (key !== undefined && wallet.credited.has(key)) {
      expect(isUniqueViolation(await done.catch((error: unknown) => error))).toBe(true);
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

/** One step on one of the wallets; afterwards the service and the model say the same. */
class Command implements fc.AsyncCommand<Model[], World> {
  constructor(
    private readonly which: number,
    private readonly name: string,
    private readonly step: Step,
  ) {}

  check(): boolean {
    return true;
  }

  async run(models: Model[], world: World): Promise<void> {
    const [model, ownerId] = [models[this.which], world.owners[this.which]];
    if (!model || ownerId === undefined) throw new Error('no such wallet');
    taken += 1;
    await this.step(model, ownerId, world);
    const { balance, held } = await world.app.nest.get(WalletService).summary(ownerId);
    expect([balance, held]).toEqual([model.balance, model.held]);
  }

  toString(): string {
    return `${String(this.which)}: ${this.name}`;
  }
}

let taken = 0;
const wallet = fc.nat(WALLETS - 1);
const amounts = fc.integer({ min: 1, max: 300 });
const hows = fc.constantFrom('capture' as const, 'release' as const);
const keys = fc.option(fc.constantFrom(...KEYS), { nil: undefined });
const commands = [
  fc.tuple(wallet, amounts).map(([w, n]) => new Command(w, `hold ${String(n)}`, hold(n))),
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

describe.each(databaseKinds)('a wallet against its model on %s', (kind) => {
  let app: TestApp;
  let runs = 0;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    taken = 0;
  });
  afterAll(() => app.close());

  /** Fresh wallets for a run; a wallet knows an owner's id, and never asks who that is. */
  const openWallets = async (): Promise<string[]> => {
    runs += 1;
    const owners = Array.from({ length: WALLETS }, (_, n) => `model-${String(runs)}-${String(n)}`);
    const wallets = app.nest.get(WalletService);
    for (const owner of owners) {
      await app.nest.get(UnitOfWork).run((tx) => wallets.open(tx, owner, 0));
    }
    return owners;
  };

  it('agrees after every step of every interleaving, and the books balance', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.commands(commands, { maxCommands: COMMANDS_MAX, size: 'max' }),
        async (plan) => {
          const real = { app, owners: await openWallets() };
          const setup = () => ({ model: real.owners.map(() => new Model()), real });
          await fc.asyncModelRun(setup, plan);
        },
      ),
      { numRuns: RUNS },
    );
    expect(taken).toBeGreaterThan(1000);
    expect((await audit(app.nest.get(Reader))).differences).toEqual([]);
  }, 180_000);
});
