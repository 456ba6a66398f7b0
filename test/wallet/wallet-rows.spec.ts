import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { ChargesService } from '../../src/wallet/charges.service.js';
import { HoldsService } from '../../src/wallet/holds/holds.service.js';
import { WalletService } from '../../src/wallet/wallet.service.js';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { noteOf } from '../support/note.js';

describe.each(databaseKinds)('the rows of a wallet on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  it('have no ledger entry if the wallet is opened without a grant', async () => {
    const wallets = app.nest.get(WalletService);
    await app.nest.get(UnitOfWork).run((tx) => {
      wallets.open(tx, 'without a grant', 0);
    });
    expect(await wallets.summary('without a grant')).toMatchObject({ balance: 0, available: 0 });
    const where = `owner_id = 'without a grant'`;
    expect(await app.database.count('ledger_entries', where)).toBe(0);
    expect(await app.database.count('wallets', `${where} AND entry_count = 0`)).toBe(1);
  });

  it('store an open hold with nothing captured', async () => {
    const ada = await app.newUser();
    const ownerId = await app.ownerOf(ada);
    const holds = app.nest.get(HoldsService);
    const { id } = await app.nest
      .get(UnitOfWork)
      .run((tx) => holds.hold(tx, { ownerId, amount: 7 }));
    const untouched = 'id = $1 AND captured_amount = 0 AND resolved_at IS NULL';
    expect(await app.database.count('holds', untouched, [id])).toBe(1);
  });

  it('leave the daily limit minus what was spent and what is held', async () => {
    const ada = await app.newUser();
    const ownerId = await app.ownerOf(ada);
    const wallets = app.nest.get(WalletService);
    const holds = app.nest.get(HoldsService);
    const charges = app.nest.get(ChargesService);
    const unitOfWork = app.nest.get(UnitOfWork);
    await unitOfWork.run((tx) => wallets.setDailyLimit(tx, ownerId, 1000));
    const why = noteOf('spent', ownerId);
    await unitOfWork.run((tx) => charges.charge(tx, { ownerId, amount: 300, ...why }));
    await unitOfWork.run((tx) => holds.hold(tx, { ownerId, amount: 50 }));
    expect(await wallets.spendable(ownerId, undefined)).toBe(650);
    expect(await wallets.available(ownerId)).toBe(3650);
    expect(await wallets.available('nobody')).toBe(0);
  });
});
