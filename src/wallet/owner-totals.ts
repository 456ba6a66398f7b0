import { assertAmount } from './amount.js';
import type { Spend } from './spending.js';
import { NOTHING_STORED, type Stored } from './stored.js';

/** The totals of one owner: tokens to pay, ledger entries, spends, bytes to store, and conversations to open. */
type OwnerTotals = [
  due: number,
  entries: number,
  spends: number,
  bytes: number,
  conversations: number,
];

/** Returns the number of ledger entries for an amount. An amount of 0 adds no entry. */
export const ledgerEntryCount = (amount: number): 0 | 1 => (amount > 0 ? 1 : 0);

/**
 * Returns an object for values by id. Because it has no prototype, V8 makes it a dictionary at once. In an ordinary
 * object each new id would first make a new shape.
 */
export const emptyTotals = <Value>() => Object.create(null) as Record<string, Value>;

/** Returns the totals of each owner, by owner id. Throws `RangeError` if an amount or a sum is not a valid amount. */
export function totalsByOwner(spends: readonly Spend[]): Record<string, OwnerTotals> {
  const totals = emptyTotals<OwnerTotals>();
  for (const { ownerId, amount, stored = NOTHING_STORED } of spends) {
    assertAmount(amount);
    const [due, entries, count, bytes, opened] = (totals[ownerId] ??= [0, 0, 0, 0, 0]);
    assertAmount(due + amount);
    totals[ownerId] = [
      due + amount,
      entries + ledgerEntryCount(amount),
      count + 1,
      bytes + stored.bytes,
      opened + stored.conversations,
    ];
  }
  return totals;
}

/** Returns the amount to take from each hold, by hold id. Throws `RangeError` if it is not a valid amount. */
export function amountsByHold(
  captures: readonly { readonly holdId: string; readonly amount: number }[],
): Record<string, [taken: number]> {
  const amounts = emptyTotals<[taken: number]>();
  for (const { holdId, amount } of captures) {
    assertAmount(amount);
    amounts[holdId] = [amount];
  }
  return amounts;
}

/**
 * SQL: a CTE `free` with the wallets of the list `owners` that no other transaction is changing. Waiting for
 * a locked row would delay all other wallets.
 */
export const freeWallets = (owners: string) =>
  `free AS (SELECT owner_id AS id FROM wallets WHERE owner_id = ANY(${owners}) FOR NO KEY UPDATE SKIP LOCKED)`;

/**
 * SQL: turns a JSON parameter, an object of lists of whole numbers, into rows. They are materialized, because SQLite
 * would otherwise parse the parameter again for each row that they are joined with.
 */
export const jsonRows = (key: string, names: readonly string[], parameter: string) => {
  const columns = names.map((name, n) => `CAST(value ->> ${String(n)} AS bigint) AS ${name}`);
  const given = `SELECT key AS ${key}, ${columns.join(', ')} FROM json_each(${parameter})`;
  return `(WITH given AS MATERIALIZED (${given}) SELECT * FROM given) AS totals`;
};

/** SQL: the result of `totalsByOwner` as rows. */
export const totalsRows = (parameter: string) =>
  jsonRows('payer', ['due', 'entries', 'spends', 'bytes', 'opened'], parameter);

/**
 * Applies the storage bounds to every owner of a batch. An owner who is past a bound and stores nothing new
 * is then done alone, where the bound does not apply.
 */
export const ANY_STORAGE: Stored = { bytes: 1, conversations: 1 };
