import { assertAmount } from './amount.js';
import type { Spend } from './spending.js';
import { NOTHING_STORED, type Stored } from './stored.js';

/** The sum that an owner is to pay, the number of its entries, that of its spends, and what they store. */
type Dues = [due: number, entries: number, spends: number, bytes: number, conversations: number];

/** What costs nothing leaves no entry. */
export const entriesOf = (amount: number): 0 | 1 => (amount > 0 ? 1 : 0);

/** What each owner is to pay. */
export function duesOf(spends: readonly Spend[]): Record<string, Dues> {
  const dues: Record<string, Dues> = {};
  for (const { ownerId, amount, stored = NOTHING_STORED } of spends) {
    assertAmount(amount);
    const [due, entries, count, bytes, opened] = (dues[ownerId] ??= [0, 0, 0, 0, 0]);
    assertAmount(due + amount);
    dues[ownerId] = [
      due + amount,
      entries + entriesOf(amount),
      count + 1,
      bytes + stored.bytes,
      opened + stored.conversations,
    ];
  }
  return dues;
}

/**
 * SQL: the wallets of the list `owners` that no other transaction is changing, for a CTE `free`. A row that is waited
 * for would keep all others waiting.
 */
export const FREE_WALLETS = (owners: string) =>
  `free AS (SELECT owner_id AS id FROM wallets WHERE owner_id = ANY(${owners}) FOR NO KEY UPDATE SKIP LOCKED)`;

/** SQL: a parameter in JSON, of lists of whole numbers by a key, as rows. */
export const numbersBy = (key: string, names: readonly string[], parameter: string) => {
  const columns = names.map((name, n) => `CAST(value ->> ${String(n)} AS bigint) AS ${name}`);
  return `(SELECT key AS ${key}, ${columns.join(', ')} FROM json_each(${parameter})) AS dues`;
};

/** SQL: what `duesOf` gives, as rows. */
export const DUES = (parameter: string) =>
  numbersBy('payer', ['due', 'entries', 'spends', 'bytes', 'opened'], parameter);

/** For all of a batch the bounds stand: who stores nothing past one is served alone. */
export const SOMETHING: Stored = { bytes: 1, conversations: 1 };
