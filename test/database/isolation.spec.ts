import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Tx } from '../../src/database/transactions/tx.js';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { ValidationFailed } from '../../src/errors.js';
import { idempotencyRecord } from '../../src/wallet/idempotency-record.js';
import { ChargesService } from '../../src/wallet/charges.service.js';
import { HoldsService } from '../../src/wallet/holds/holds.service.js';
import { RedemptionService } from '../../src/wallet/redemption.service.js';
import { WalletService } from '../../src/wallet/wallet.service.js';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { noteOf } from '../support/note.js';

class Undo extends Error {}

describe.each(databaseKinds)('a unit of work on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  const ownerOf = async (username: string): Promise<string> => {
    const sql = 'SELECT id FROM users WHERE username = $1';
    const [user] = await app.database.rows<{ id: string }>(sql, [username]);
    if (!user) throw new Error(`no user ${username}`);
    return user.id;
  };

  it('never shows a reader the charge that it rolls back', async () => {
    const ada = await app.newUser();
    const owner = await ownerOf(ada.username);
    const holds = app.nest.get(HoldsService);
    const seen: number[] = [];
    const work = app.nest.get(UnitOfWork).run(async (tx) => {
      const { id } = await holds.hold(tx, { ownerId: owner, amount: 4000 });
      await holds.capture(tx, id, 4000, noteOf('to be undone', owner));
      for (let n = 0; n < 10; n += 1) seen.push(await ada.balance());
      throw new Undo();
    });
    await expect(work).rejects.toThrow(Undo);
    expect(seen).toEqual(Array.from({ length: 10 }, () => 4000));
    expect(await ada.balance()).toBe(4000);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('undoes a failed unit alone among those that share its commit', async () => {
    const callers = await Promise.all(Array.from({ length: 9 }, () => app.newUser()));
    const owners = await Promise.all(callers.map(({ username }) => ownerOf(username)));
    const unitOfWork = app.nest.get(UnitOfWork);
    const holds = app.nest.get(HoldsService);
    const outcomes = await Promise.allSettled(
      owners.map((ownerId, n) =>
        unitOfWork.run(async (tx) => {
          await holds.hold(tx, { ownerId, amount: 100 });
          if (n % 3 === 0) throw new Undo();
        }),
      ),
    );
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(
      owners.map((_, n) => n % 3 !== 0),
    );
    expect(await Promise.all(callers.map((caller) => caller.balance()))).toEqual(
      owners.map((_, n) => (n % 3 === 0 ? 4000 : 3900)),
    );
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('is waited for by idle() on SQLite', async () => {
    const unitOfWork = app.nest.get(UnitOfWork);
    let isDone = false;
    const slow = unitOfWork.run(async (tx) => {
      for (let n = 0; n < 20; n += 1) await tx.read('/* spec */ SELECT 1', []);
    });
    const after = slow.then(() => (isDone = true));
    await unitOfWork.idle();
    if (kind === 'sqlite') expect(isDone).toBe(true);
    expect(await after).toBe(true);
  });

  it.each([-1, 0.5, NaN, Infinity, 2 ** 53])('refuses %p as an amount', async (amount) => {
    const ada = await app.newUser();
    const owner = await ownerOf(ada.username);
    const holds = app.nest.get(HoldsService);
    const unitOfWork = app.nest.get(UnitOfWork);
    const hold = unitOfWork.run((tx) => holds.hold(tx, { ownerId: owner, amount }));
    await expect(hold).rejects.toThrow(RangeError);
    const { id } = await unitOfWork.run((tx) => holds.hold(tx, { ownerId: owner, amount: 100 }));
    const why = noteOf('bad amount', owner);
    const capture = unitOfWork.run((tx) => holds.capture(tx, id, amount, why));
    await expect(capture).rejects.toThrow(RangeError);
    expect(await ada.balance()).toBe(3900);
    expect(await app.database.count('ledger_entries', 'owner_id = $1', [owner])).toBe(1);
  });

  it.each([-1, 0.5, NaN, Infinity, 2 ** 53])(
    'refuses to credit %p, or to limit by it',
    async (n) => {
      const ada = await app.newUser();
      const ownerId = await ownerOf(ada.username);
      const wallets = app.nest.get(WalletService);
      const codes = app.nest.get(RedemptionService);
      const entry = { ownerId, amount: n, kind: 'grant', reason: 'bad amount' } as const;
      const works: ((tx: Tx) => unknown)[] = [
        (tx) => wallets.credit(tx, entry),
        (tx) => {
          wallets.open(tx, `${ownerId}-2`, n);
        },
        (tx) => wallets.setDailyLimit(tx, ownerId, n),
        (tx) => codes.make(tx, n, 'bad amount'),
      ];
      for (const work of works) {
        await expect(app.nest.get(UnitOfWork).run(work)).rejects.toThrow(RangeError);
      }
      expect((await wallets.summary(ownerId)).limits.daily).toBeNull();
      expect(await ada.balance()).toBe(4000);
      expect(await app.database.count('wallets', 'owner_id = $1', [`${ownerId}-2`])).toBe(0);
      expect(await app.database.count('redemption_codes')).toBe(0);
    },
  );

  it('refuses a credit after which the balance would not be exact, and changes nothing', async () => {
    const ada = await app.newUser();
    const ownerId = await ownerOf(ada.username);
    const credit = (amount: number) =>
      app.nest.get(UnitOfWork).run((tx) => {
        const entry = { ownerId, amount, kind: 'grant', reason: 'a fortune' } as const;
        return app.nest.get(WalletService).credit(tx, entry);
      });
    await expect(credit(Number.MAX_SAFE_INTEGER - 3999)).rejects.toMatchObject({
      fields: { amount: ['The wallet holds at most 9007199254740991 tokens.'] },
    });
    expect(await ada.balance()).toBe(4000);
    await credit(Number.MAX_SAFE_INTEGER - 4000);
    expect(await ada.balance()).toBe(Number.MAX_SAFE_INTEGER);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('treats one key on two routes as two keys', async () => {
    const ada = await app.newUser();
    const ownerId = await ownerOf(ada.username);
    const holds = app.nest.get(HoldsService);
    const holdOn = async (route: 'chat' | 'messages') => {
      const idempotency = idempotencyRecord(route, 'k', {});
      if (!idempotency) throw new Error('no record');
      const earlier = await holds.findByKey(ownerId, idempotency);
      expect(earlier).toBeUndefined();
      const spend = { ownerId, amount: 1, idempotency };
      return (await app.nest.get(UnitOfWork).run((tx) => holds.hold(tx, spend))).id;
    };
    expect(await holdOn('chat')).not.toBe(await holdOn('messages'));
    expect(await ada.balance()).toBe(3998);
  });

  it('refuses a credit without a wallet', async () => {
    const entry = { ownerId: 'nobody', amount: 5, kind: 'grant', reason: 'lost' } as const;
    const credit = app.nest
      .get(UnitOfWork)
      .run((tx) => app.nest.get(WalletService).credit(tx, entry));
    await expect(credit).rejects.toThrow(ValidationFailed);
    expect(await app.database.count('ledger_entries', 'owner_id = $1', ['nobody'])).toBe(0);
  });

  it('writes no entry for a free answer, and returns the available balance', async () => {
    const ada = await app.newUser();
    const ownerId = await ownerOf(ada.username);
    const holds = app.nest.get(HoldsService);
    const charges = app.nest.get(ChargesService);
    const why = noteOf('free', ownerId);
    const settled = await app.nest.get(UnitOfWork).run(async (tx) => {
      const [, free] = [
        await holds.hold(tx, { ownerId, amount: 1000 }),
        await holds.hold(tx, { ownerId, amount: 100 }),
      ];
      return [
        await holds.capture(tx, free.id, 0, why),
        await charges.charge(tx, { ownerId, amount: 0, ...why }),
        await charges.charge(tx, { ownerId, amount: 50, ...why }),
      ];
    });
    expect(settled.map((one) => one?.available)).toEqual([3000, 3000, 2950]);
    const left = app.nest.get(WalletService).available(ownerId);
    expect(await left).toBe(2950);
    expect(await app.database.count('ledger_entries', 'owner_id = $1', [ownerId])).toBe(2);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('refuses to capture more than the hold, and changes nothing', async () => {
    const ada = await app.newUser();
    const ownerId = await ownerOf(ada.username);
    const holds = app.nest.get(HoldsService);
    const unitOfWork = app.nest.get(UnitOfWork);
    const { id } = await unitOfWork.run((tx) => holds.hold(tx, { ownerId, amount: 100 }));
    const why = noteOf('too much', ownerId);
    await expect(unitOfWork.run((tx) => holds.capture(tx, id, 101, why))).rejects.toThrow();
    expect(await app.database.count('holds', `id = $1 AND state = 'open'`, [id])).toBe(1);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  const resolutions = ['capture', 'release', 'expire'] as const;
  const orders = resolutions.flatMap((first) =>
    resolutions.map((second) => [first, second] as const),
  );

  it.each(orders)('resolves a hold once: %s, then %s', async (first, second) => {
    const ada = await app.newUser();
    const ownerId = await ownerOf(ada.username);
    const holds = app.nest.get(HoldsService);
    const unitOfWork = app.nest.get(UnitOfWork);
    const { id } = await unitOfWork.run((tx) => holds.hold(tx, { ownerId, amount: 100 }));
    const resolve = (how: (typeof resolutions)[number]) =>
      unitOfWork.run<unknown>((tx) => {
        if (how === 'capture') {
          return holds.capture(tx, id, 60, noteOf('part of it', ownerId));
        }
        return holds.release(tx, id, how === 'release' ? 'released' : 'expired');
      });
    await resolve(first);
    const after = first === 'capture' ? 3940 : 4000;
    expect(await ada.balance()).toBe(after);
    expect(await resolve(second)).toBeUndefined();
    expect(await ada.balance()).toBe(after);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
});
