import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import {
  BatchedTransaction,
  type CallerSignal,
} from '../database/transactions/batched-transaction.js';
import { dayOf, nowMicros } from '../time.js';
import type { Tx } from '../database/transactions/tx.js';
import { traced } from '../tracing.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { Metrics } from '../metrics/metrics.js';
import { assertAmount } from './amount.js';
import { CapsService } from './caps.service.js';
import {
  totalsRows,
  totalsByOwner,
  ledgerEntryCount,
  freeWallets,
  ANY_STORAGE,
} from './owner-totals.js';
import { appendEntry, WALLET_ROW, type WalletRow } from './ledger.js';
import {
  availableOf,
  canPay,
  dayCounted,
  spendRefusal,
  spentOn,
  type LedgerNote,
  type SpendReceipt,
  type Spend,
} from './spending.js';
import { hasRoom, NOTHING_STORED, storageBoundsFor, addStored } from './stored.js';

/** An amount to charge, and the note for the ledger. */
export type Charge = Spend & LedgerNote;

/** Charges an amount in one step, without a hold, for work that waits for nothing outside the process. */
@Injectable()
export class ChargesService {
  private readonly payments: BatchedTransaction<Charge, SpendReceipt>;

  constructor(
    unitOfWork: UnitOfWork,
    private readonly metrics: Metrics,
    private readonly caps: CapsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.payments = new BatchedTransaction<Charge, SpendReceipt>(unitOfWork, {
      lockedRow: ({ ownerId }) => ownerId,
      single: (tx, charge) => this.charge(tx, charge),
      batch: (tx, charges) => this.chargeMany(tx, charges),
    });
  }

  /** Number of charges that wait for the next transaction. */
  get depth(): number {
    return this.payments.depth;
  }

  /**
   * Charges an amount, and runs `finish` in the same transaction to save what was paid for. Charges that wait
   * at the same time share the transaction. Throws the errors of `charge`. If `disconnectSignal` is aborted before the
   * charge's turn, throws its reason and charges nothing.
   */
  pay<T>(
    charge: Charge,
    disconnectSignal: CallerSignal,
    finish: (tx: Tx, paid: SpendReceipt) => T,
  ): Promise<T> {
    return traced('transaction', { 'tallychat.batched': true }, () =>
      this.payments.add(charge, disconnectSignal, finish),
    );
  }

  /**
   * Charges `amount` whole tokens with one guarded statement on the cap, if there is one, and one on the
   * wallet. Throws the same errors as `HoldsService.hold`.
   */
  async charge(tx: Tx, charge: Charge): Promise<SpendReceipt> {
    const { ownerId, amount, stored = NOTHING_STORED } = charge;
    assertAmount(amount);
    await this.caps.spend(tx, charge);
    const room = storageBoundsFor(this.config, stored);
    const [wallet] = await tx.write<WalletRow>(
      `/* wallet.charge */ UPDATE wallets SET balance = balance - $2, entry_count = entry_count + $4,
         last_ordinal = last_ordinal + 1, spent_amount = ${spentOn('$3')} + $2, spent_day = ${dayCounted('$3')},
         ${addStored('$5', '$6')}
       WHERE owner_id = $1 AND ${canPay('$2', '$3')} AND ${hasRoom('$5', '$6', '$7', '$8')} RETURNING ${WALLET_ROW}`,
      [
        ownerId,
        amount,
        dayOf(nowMicros()),
        ledgerEntryCount(charge.amount),
        stored.bytes,
        stored.conversations,
        ...room,
      ],
    );
    if (!wallet) throw await spendRefusal(tx, charge, room);
    return this.record(tx, wallet, charge);
  }

  /**
   * Charges many amounts with one statement, which compares each wallet with the sum of its charges. If
   * charges have caps, one statement checks the caps first. Returns undefined for each charge whose cap or
   * wallet does not cover its sum, has no room for all, or is being changed by another transaction. Waiting
   * for such a row would delay all other charges.
   */
  private async chargeMany(
    tx: Tx,
    charges: readonly Charge[],
  ): Promise<(SpendReceipt | undefined)[]> {
    const spent = await this.caps.spendMany(tx, charges);
    const covered = charges.filter(({ capId }) => capId === undefined || spent.has(capId));
    const totals = totalsByOwner(covered);
    const room = storageBoundsFor(this.config, ANY_STORAGE);
    const rows = await tx.write<WalletRow & { ownerId: string }>(
      `/* wallet.charge_many */ WITH ${freeWallets('$1')}
       UPDATE wallets SET balance = balance - due, entry_count = entry_count + entries,
         last_ordinal = last_ordinal + spends, spent_amount = ${spentOn('$2')} + due,
         spent_day = ${dayCounted('$2')}, ${addStored('bytes', 'opened')}
       FROM free, ${totalsRows('$3')}
       WHERE owner_id = free.id AND free.id = payer AND ${canPay('due', '$2')} AND ${hasRoom('bytes', 'opened', '$4', '$5')}
       RETURNING owner_id AS "ownerId", ${WALLET_ROW}`,
      [Object.keys(totals), dayOf(nowMicros()), JSON.stringify(totals), ...room],
    );
    // Each wallet as it was before its first charge here, because the charges are recorded one after the other.
    const wallets = new Map<string, WalletRow>();
    for (const { ownerId, held, balance, entryCount, lastOrdinal } of rows) {
      const [due, entries, count] = totals[ownerId] ?? [0, 0, 0];
      wallets.set(ownerId, {
        held,
        balance: balance + due,
        entryCount: entryCount - entries,
        lastOrdinal: lastOrdinal - count,
      });
    }
    await this.caps.undoSpendMany(
      tx,
      covered.filter(({ ownerId }) => !wallets.has(ownerId)),
    );
    const coveredCharges = new Set(covered);
    return charges.map((charge) => {
      const before = wallets.get(charge.ownerId);
      if (!before || !coveredCharges.has(charge)) return undefined;
      const wallet = {
        held: before.held,
        balance: before.balance - charge.amount,
        entryCount: before.entryCount + ledgerEntryCount(charge.amount),
        lastOrdinal: before.lastOrdinal + 1,
      };
      wallets.set(charge.ownerId, wallet);
      return this.record(tx, wallet, charge);
    });
  }

  /** Records a charge that `wallet` has just paid. There is no hold: the entry and the turn hold all facts. */
  private record(tx: Tx, wallet: WalletRow, charge: Charge): SpendReceipt {
    const { ownerId, amount, reason, turnId, model, credentialId, keyName } = charge;
    if (ledgerEntryCount(amount) > 0) {
      appendEntry(tx, wallet, {
        ownerId,
        kind: 'charge',
        amount: -amount,
        reason,
        turnId,
        model,
        credentialId,
        keyName,
      });
      tx.whenCommitted(() => {
        this.metrics.countCharged(amount);
      });
    }
    return { charged: amount, available: availableOf(wallet), ordinal: wallet.lastOrdinal };
  }
}
