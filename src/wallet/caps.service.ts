import { Injectable } from '@nestjs/common';
import { newId } from '../new-id.js';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/transactions/tx.js';
import { AuthenticationFailed, InsufficientBalance } from '../errors.js';
import { nowMicros } from '../time.js';
import { assertAmount } from './amount.js';
import { capHasRoom, periodCounted, periodOf, periodsNow, spentIn } from './cap-period.js';
import { jsonRows } from './owner-totals.js';
import { SpendingCap, type CapReset } from './spending-cap.entity.js';
import { AVAILABLE, type Spend } from './spending.js';

/** The state of a cap as its owner sees it, in whole tokens. */
export interface CapState {
  readonly limit: number | null;
  readonly reset: CapReset;
  /** The amount spent in the current period plus the amount held. */
  readonly used: number;
}

/** The changes to a cap. A field that is missing is not changed. */
export interface CapChange {
  readonly limit?: number | null | undefined;
  readonly reset?: CapReset | undefined;
}

/**
 * Caps on what a credential spends. Each step is one guarded statement on the cap's row. It runs before the
 * wallet's statement in the same transaction, so both succeed or neither does. A condition inside the
 * wallet's statement is not enough, because PostgreSQL does not read a sub-select again after it has waited
 * for the wallet's lock.
 */
@Injectable()
export class CapsService {
  constructor(private readonly reader: ReadConnection) {}

  /** Adds a new cap with nothing spent and returns its id. */
  open(tx: Tx, ownerId: string, limit: number | null, reset: CapReset): string {
    if (limit !== null) assertAmount(limit);
    const id = newId();
    const counted = { held: 0, spentAmount: 0, spentPeriod: periodOf(reset) };
    const createdAt = nowMicros();
    tx.insertLater(SpendingCap, { id, ownerId, limitAmount: limit, reset, ...counted, createdAt });
    return id;
  }

  /** Changes the limit, the reset, or both. A different `reset` sets the amount spent to 0; the amount held stays. */
  async change(tx: Tx, id: string, { limit, reset }: CapChange): Promise<void> {
    if (limit !== undefined) {
      await tx.write(
        '/* cap.limit */ UPDATE spending_caps SET limit_amount = $2 WHERE id = $1 RETURNING id',
        [id, limit],
      );
    }
    if (reset !== undefined) {
      await tx.write(
        `/* cap.reset */ UPDATE spending_caps SET reset = $2, spent_amount = 0, spent_period = $3
         WHERE id = $1 AND coalesce(reset, '') <> $4 RETURNING id`,
        [id, reset, periodOf(reset), reset ?? ''],
      );
    }
  }

  /** Removes a cap, so that nothing can be spent under it. Its open holds are then settled with the wallet only. */
  async remove(tx: Tx, id: string): Promise<void> {
    await tx.write('/* cap.remove */ DELETE FROM spending_caps WHERE id = $1 RETURNING id', [id]);
  }

  /** Removes all caps of an owner whose account is deleted. */
  async removeAll(tx: Tx, ownerId: string): Promise<void> {
    await tx.write(
      '/* cap.remove_all */ DELETE FROM spending_caps WHERE owner_id = $1 RETURNING id',
      [ownerId],
    );
  }

  /** Returns the states of the caps with these ids, by id. */
  async states(ids: readonly string[]): Promise<ReadonlyMap<string, CapState>> {
    const rows = await this.reader.read<CapState & { id: string }>(
      `/* cap.states */ SELECT id, limit_amount AS "limit", reset,
         ${spentIn('$2', '$3')} + held AS used FROM spending_caps WHERE id = ANY($1)`,
      [ids, ...periodsNow()],
    );
    return new Map(rows.map(({ id, ...state }) => [id, state]));
  }

  /**
   * Returns the amount that the cap still allows, in whole tokens: `Infinity` without a limit, 0 if there is
   * no such cap.
   */
  async remaining(id: string): Promise<number> {
    const state = (await this.states([id])).get(id);
    if (!state) return 0;
    return state.limit === null ? Infinity : Math.max(0, state.limit - state.used);
  }

  /**
   * Sets an amount aside. Throws `InsufficientBalance` if the cap has no room for it, and
   * `AuthenticationFailed` if the cap has been removed.
   */
  async hold(tx: Tx, spend: Spend): Promise<void> {
    if (spend.capId === undefined) return;
    const held = await tx.write(
      `/* cap.hold */ UPDATE spending_caps SET held = held + $2
       WHERE id = $1 AND ${capHasRoom('$2', '$3', '$4')} RETURNING id`,
      [spend.capId, spend.amount, ...periodsNow()],
    );
    if (held.length === 0) throw await capRefusal(tx, spend);
  }

  /** Counts an amount as spent. Throws the same errors as `hold`. */
  async spend(tx: Tx, spend: Spend): Promise<void> {
    if (spend.capId === undefined) return;
    const spent = await tx.write(
      `/* cap.spend */ UPDATE spending_caps SET spent_amount = ${spentIn('$3', '$4')} + $2,
         spent_period = ${periodCounted('$3', '$4')}
       WHERE id = $1 AND ${capHasRoom('$2', '$3', '$4')} RETURNING id`,
      [spend.capId, spend.amount, ...periodsNow()],
    );
    if (spent.length === 0) throw await capRefusal(tx, spend);
  }

  /**
   * Counts many amounts as spent, and returns the ids of the caps that had room for the sum of their amounts.
   * Skips a cap that another transaction is changing, as `ChargesService` does with wallets. Runs no
   * statement if no spend has a cap.
   */
  async spendMany(tx: Tx, spends: readonly Spend[]): Promise<ReadonlySet<string>> {
    const totals = totalsByCap(spends);
    if (totals.size === 0) return new Set();
    const rows = await tx.write<{ id: string }>(
      `/* cap.spend_many */ WITH free AS (
         SELECT id AS free_id FROM spending_caps WHERE id = ANY($1) FOR NO KEY UPDATE SKIP LOCKED)
       UPDATE spending_caps SET spent_amount = ${spentIn('$2', '$3')} + due,
         spent_period = ${periodCounted('$2', '$3')}
       FROM free, ${capTotals('$4')}
       WHERE id = free_id AND free_id = payer AND ${capHasRoom('due', '$2', '$3')} RETURNING id`,
      [[...totals.keys()], ...periodsNow(), toJson(totals)],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Takes back what `spendMany` has counted in this transaction. */
  async undoSpendMany(tx: Tx, spends: readonly Spend[]): Promise<void> {
    const totals = totalsByCap(spends);
    if (totals.size === 0) return;
    await tx.write(
      `/* cap.unspend_many */ UPDATE spending_caps SET spent_amount = spent_amount - due
       FROM ${capTotals('$1')} WHERE id = payer RETURNING id`,
      [toJson(totals)],
    );
  }

  /**
   * Ends a hold of `held`, of which `amount` was spent. Counts `amount` in the current period, not in the
   * period of the hold.
   */
  async settle(tx: Tx, capId: string | null, held: number, amount: number): Promise<void> {
    if (capId === null) return;
    await tx.write(
      `/* cap.settle */ UPDATE spending_caps SET held = held - $2,
         spent_amount = ${spentIn('$4', '$5')} + $3, spent_period = ${periodCounted('$4', '$5')}
       WHERE id = $1 RETURNING id`,
      [capId, held, amount, ...periodsNow()],
    );
  }
}

/** SQL: the sum for each cap, as rows of a JSON parameter. */
const capTotals = (parameter: string) => jsonRows('payer', ['due'], parameter);

const toJson = (totals: ReadonlyMap<string, number>) =>
  JSON.stringify(Object.fromEntries([...totals].map(([id, due]) => [id, [due]])));

function totalsByCap(spends: readonly Spend[]): Map<string, number> {
  const totals = new Map<string, number>();
  for (const { capId, amount } of spends) {
    if (capId !== undefined) totals.set(capId, (totals.get(capId) ?? 0) + amount);
  }
  return totals;
}

/**
 * Returns why a cap did not cover an amount: it has no room, or its key was removed after the request was
 * authenticated.
 */
async function capRefusal(tx: Tx, { ownerId, capId, amount }: Spend): Promise<Error> {
  const [wallet] = await tx.read<{ available: number }>(
    `/* cap.shortfall */ SELECT ${AVAILABLE} AS available FROM wallets
     WHERE owner_id = $1 AND EXISTS (SELECT 1 FROM spending_caps WHERE id = $2)`,
    [ownerId, capId],
  );
  if (!wallet) return new AuthenticationFailed('Invalid token.');
  return new InsufficientBalance(amount, wallet.available, 'key');
}
