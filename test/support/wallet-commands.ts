import { expect } from '@jest/globals';
import fc from 'fast-check';
import { WalletService } from '../../src/wallet/wallet.service.js';
import {
  Model,
  credit,
  expire,
  hold,
  isTaken,
  limit,
  payAtOnce,
  redeem,
  resolve,
  retry,
  run,
  type Step,
  type World,
} from './wallet-model.js';

const WALLETS_MAX = 3;
const KEYS = ['a', 'b', 'c'];

/** Checks that the service and the model agree on every wallet. */
async function assertAgrees(models: readonly Model[], { app, owners }: World): Promise<void> {
  for (const [index, { balance, held }] of models.entries()) {
    const summary = await app.nest.get(WalletService).summary(owners[index] ?? '');
    expect([index, summary.balance, summary.held]).toEqual([index, balance, held]);
  }
}

/** Opens one more wallet with a grant. A second one for the same owner is refused. */
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

/** One step on one of the existing wallets. */
class WalletStep implements fc.AsyncCommand<Model[], World> {
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
const outcomes = fc.constantFrom('capture' as const, 'release' as const);
const keys = fc.option(fc.constantFrom(...KEYS), { nil: undefined });
/** Every step of a wallet, on any of the existing wallets. */
export const commands = [
  fc.nat(300).map((grant) => new Register(grant)),
  fc
    .tuple(wallet, amounts, keys)
    .map(([w, n, key]) => new WalletStep(w, `hold ${String(n)} key ${String(key)}`, hold(n, key))),
  fc
    .tuple(wallet, fc.array(fc.nat(300), { minLength: 1, maxLength: 6 }))
    .map(([w, all]) => new WalletStep(w, `pay ${all.join(' and ')} at once`, payAtOnce(all))),
  fc
    .tuple(wallet, fc.constantFrom(...KEYS))
    .map(([w, key]) => new WalletStep(w, `retry key ${key}`, retry(key))),
  fc
    .tuple(wallet, fc.nat(9), outcomes, fc.nat(100))
    .map(
      ([w, n, how, share]) =>
        new WalletStep(w, `${how} ${String(share)} % of hold ${String(n)}`, resolve(n, how, share)),
    ),
  wallet.map((w) => new WalletStep(w, 'expire', expire)),
  fc
    .tuple(wallet, amounts, keys)
    .map(
      ([w, n, key]) => new WalletStep(w, `credit ${String(n)} key ${String(key)}`, credit(n, key)),
    ),
  fc.tuple(wallet, amounts).map(([w, n]) => new WalletStep(w, `redeem ${String(n)}`, redeem(n))),
  fc
    .tuple(wallet, fc.option(fc.nat(2000)))
    .map(([w, daily]) => new WalletStep(w, `limit ${String(daily)}`, limit(daily))),
];
