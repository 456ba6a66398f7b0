import { Injectable } from '@nestjs/common';
import { newId } from '../new-id.js';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/tx.js';
import { AuthenticationFailed, InsufficientBalance } from '../errors.js';
import { nowMicros } from '../time.js';
import { assertAmount } from './amount.js';
import { leavesRoom, periodCounted, periodOf, periodsNow, spentIn } from './cap-period.js';
import { SpendingCap, type CapReset } from './spending-cap.entity.js';
import { AVAILABLE, type Spend } from './spending.js';

/** A cap as the owner sees it, in whole tokens. */
export interface CapState {
  readonly limit: number | null;
  readonly reset: CapReset;
  /** What was spent in the period, and is held. */
  readonly used: number;
}

/** What may be changed of a cap; what is missing stays. */
export interface CapChange {
  readonly limit?: number | null | undefined;
  readonly reset?: CapReset | undefined;
}

/**
 * Caps on what a credential spends. Each step is a guarded statement on the cap's row, and comes before the
 * wallet's in the same transaction, so that both hold or neither does. A condition within the wallet's statement
 * would not do: PostgreSQL does not read a sub-select again after it has waited for the wallet.
 */
@Injectable()
export class CapsService {
  constructor(private readonly reader: ReadConnection) {}

  /** A new cap, of which nothing is spent. Returns its id. */
  open(tx: Tx, ownerId: string, limit: number | null, reset: CapReset): string {
    if (limit !== null) assertAmount(limit);
    const id = newId();
    const counted = { held: 0, spentAmount: 0, spentPeriod: periodOf(reset) };
    const createdAt = nowMicros();
    tx.insertLater(SpendingCap, { id, ownerId, limitAmount: limit, reset, ...counted, createdAt });
    return id;
  }

  /** With another `reset` the counting begins anew; what is held stays. */
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

  /** From now on nothing is spent by it; what is held is settled with the wallet alone. */
  async remove(tx: Tx, id: string): Promise<void> {
    await tx.write('/* cap.remove */ DELETE FROM spending_caps WHERE id = $1 RETURNING id', [id]);
  }

  /** Removes every cap of an owner who is gone. */
  async removeAll(tx: Tx, ownerId: string): Promise<void> {
    await tx.write(
      '/* cap.remove_all */ DELETE FROM spending_caps WHERE owner_id = $1 RETURNING id',
      [ownerId],
    );
  }

  /** The states of some caps, by id. */
  async states(ids: readonly string[]): Promise<ReadonlyMap<string, CapState>> {
    const rows = await this.reader.read<CapState & { id: string }>(
      `/* cap.states */ SELECT id, limit_amount AS "limit", reset,
         ${spentIn('$2', '$3')} + held AS used FROM spending_caps WHERE id = ANY($1)`,
      [ids, ...periodsNow()],
    );
    return new Map(rows.map(({ id, ...state }) => [id, state]));
  }

  /** What the cap leaves to be spent, in whole tokens; `Infinity` without a limit. */
  async left(id: string): Promise<number> {
    const state = (await this.states([id])).get(id);
    if (!state) return 0;
    return state.limit === null ? Infinity : Math.max(0, state.limit - state.used);
  }

  /** Sets an amount aside. Throws `InsufficientBalance` where the cap has no room for it. */
  async hold(tx: Tx, spend: Spend): Promise<void> {
    if (spend.capId === undefined) return;
    const held = await tx.write(
      `/* cap.hold */ UPDATE spending_caps SET held = held + $2
       WHERE id = $1 AND ${leavesRoom('$2', '$3', '$4')} RETURNING id`,
      [spend.capId, spend.amount, ...periodsNow()],
    );
    if (held.length === 0) throw await refusal(tx, spend);
  }

  /** Counts an amount as spent. Throws as `hold` does. */
  async spend(tx: Tx, spend: Spend): Promise<void> {
    if (spend.capId === undefined) return;
    const spent = await tx.write(
      `/* cap.spend */ UPDATE spending_caps SET spent_amount = ${spentIn('$3', '$4')} + $2,
         spent_period = ${periodCounted('$3', '$4')}
       WHERE id = $1 AND ${leavesRoom('$2', '$3', '$4')} RETURNING id`,
      [spend.capId, spend.amount, ...periodsNow()],
    );
    if (spent.length === 0) throw await refusal(tx, spend);
  }

  /**
   * The same for many, each cap against the sum of what it is to pay; those that pay are returned. A cap that
   * another transaction is changing is left out, as `ChargesService` does with wallets. No statement runs where
   * nobody has a cap.
   */
  async spendMany(tx: Tx, spends: readonly Spend[]): Promise<ReadonlySet<string>> {
    const dues = duesOf(spends);
    if (dues.size === 0) return new Set();
    const rows = await tx.write<{ id: string }>(
      `/* cap.spend_many */ WITH free AS (
         SELECT id AS free_id FROM spending_caps WHERE id = ANY($1) FOR NO KEY UPDATE SKIP LOCKED)
       UPDATE spending_caps SET spent_amount = ${spentIn('$2', '$3')} + due,
         spent_period = ${periodCounted('$2', '$3')}
       FROM free, ${DUES('$4')}
       WHERE id = free_id AND free_id = payer AND ${leavesRoom('due', '$2', '$3')} RETURNING id`,
      [[...dues.keys()], ...periodsNow(), toJson(dues)],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Takes back what `spendMany` has counted in this transaction. */
  async unspendMany(tx: Tx, spends: readonly Spend[]): Promise<void> {
    const dues = duesOf(spends);
    if (dues.size === 0) return;
    await tx.write(
      `/* cap.unspend_many */ UPDATE spending_caps SET spent_amount = spent_amount - due
       FROM ${DUES('$1')} WHERE id = payer RETURNING id`,
      [toJson(dues)],
    );
  }

  /** Ends a hold of `held`, of which `amount` was spent: in the period that it is now, not that of the hold. */
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

/** SQL: what each cap is to pay, of a parameter in JSON. */
const DUES = (parameter: string) =>
  `(SELECT key AS payer, CAST(value ->> 0 AS bigint) AS due FROM json_each(${parameter})) AS dues`;

const toJson = (dues: ReadonlyMap<string, number>) =>
  JSON.stringify(Object.fromEntries([...dues].map(([id, due]) => [id, [due]])));

function duesOf(spends: readonly Spend[]): Map<string, number> {
  const dues = new Map<string, number>();
  for (const { capId, amount } of spends) {
    if (capId !== undefined) dues.set(capId, (dues.get(capId) ?? 0) + amount);
  }
  return dues;
}

/** Why a cap did not cover an amount: it has no room, or its key has ended since the request was let in. */
async function refusal(tx: Tx, { ownerId, capId, amount }: Spend): Promise<Error> {
  const [wallet] = await tx.read<{ available: number }>(
    `/* cap.shortfall */ SELECT ${AVAILABLE} AS available FROM wallets
     WHERE owner_id = $1 AND EXISTS (SELECT 1 FROM spending_caps WHERE id = $2)`,
    [ownerId, capId],
  );
  if (!wallet) return new AuthenticationFailed('Invalid token.');
  return new InsufficientBalance(amount, wallet.available, 'key');
}
