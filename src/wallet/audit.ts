import type { ReadConnection } from '../database/read-connection.js';

const BATCH_WALLETS = 1000;
const DIFFERENCES_MAX = 10;

/** A stored value that differs from the value computed from the rows behind it. */
interface Difference {
  readonly ownerId: string;
  /** The rule that does not hold. */
  readonly rule: string;
  readonly stored: string;
  readonly recomputed: string;
}

export interface AuditReport {
  readonly wallets: number;
  readonly entries: number;
  /** At most ten differences; empty if every rule holds. */
  readonly differences: Difference[];
}

/** Each rule compares one stored value of a wallet with the value computed from its rows. */
const RULES = [
  {
    rule: 'balance is the sum of the ledger entries',
    stored: 'w.balance',
    recomputed:
      'coalesce((SELECT sum(e.amount) FROM ledger_entries e WHERE e.owner_id = w.owner_id), 0)',
  },
  {
    rule: 'entry_count is the number of ledger entries',
    stored: 'w.entry_count',
    recomputed: '(SELECT count(*) FROM ledger_entries e WHERE e.owner_id = w.owner_id)',
  },
  {
    rule: 'held is the sum of the open holds',
    stored: 'w.held',
    recomputed: `coalesce((SELECT sum(h.amount) FROM holds h WHERE h.owner_id = w.owner_id AND h.state = 'open'), 0)`,
  },
  {
    rule: 'what caps hold is the sum of their open holds',
    stored: 'coalesce((SELECT sum(c.held) FROM spending_caps c WHERE c.owner_id = w.owner_id), 0)',
    recomputed: `coalesce((SELECT sum(h.amount) FROM holds h JOIN spending_caps c ON c.id = h.cap_id
      WHERE h.owner_id = w.owner_id AND h.state = 'open'), 0)`,
  },
  {
    rule: 'what holds captured is what the ledger charged for holds',
    stored: `coalesce((SELECT sum(h.captured_amount) FROM holds h WHERE h.owner_id = w.owner_id), 0)`,
    recomputed: `coalesce((SELECT -sum(e.amount) FROM ledger_entries e WHERE e.owner_id = w.owner_id AND e.kind = 'charge' AND e.hold_id IS NOT NULL), 0)`,
  },
];

/** SQL: one statement for each rule. A statement reads one snapshot, so the audit can run beside a busy service. */
const differing = RULES.map(
  ({ rule, stored, recomputed }) =>
    `/* audit */ SELECT * FROM (
       SELECT w.owner_id AS "ownerId", '${rule}' AS rule,
         CAST(${stored} AS text) AS stored, CAST(${recomputed} AS text) AS recomputed
       FROM wallets w WHERE w.owner_id > $1 AND w.owner_id <= $2
     ) compared WHERE stored <> recomputed LIMIT $3`,
);

/**
 * SQL: finds entries whose number or `balance_after` does not follow from the entries before them, also
 * because one is missing.
 */
const brokenChains = `/* audit.chain */ SELECT "ownerId", rule, stored, recomputed FROM (
    SELECT owner_id AS "ownerId", seq, balance_after,
      'entry ' || seq || ' continues the one before' AS rule,
      seq || ': ' || balance_after AS stored,
      row_number() OVER chain || ': ' || sum(amount) OVER chain AS recomputed
    FROM ledger_entries WHERE owner_id > $1 AND owner_id <= $2
    WINDOW chain AS (PARTITION BY owner_id ORDER BY seq ROWS UNBOUNDED PRECEDING)
  ) chained WHERE stored <> recomputed ORDER BY "ownerId", seq LIMIT $3`;

/**
 * Recomputes every wallet from its ledger entries and holds, a thousand wallets at a time, in constant
 * memory. Stops at the tenth difference. Changes nothing.
 */
export async function audit(
  reader: ReadConnection,
  onProgress: (wallets: number) => void = () => undefined,
): Promise<AuditReport> {
  const differences: Difference[] = [];
  let [after, wallets, entries] = ['', 0, 0];
  for (;;) {
    const batch = await nextBatch(reader, after);
    if (!batch) return { wallets, entries, differences };
    for (const statement of [...differing, brokenChains]) {
      const room = DIFFERENCES_MAX - differences.length;
      if (room === 0) return { wallets, entries, differences };
      const found = await reader.read<Difference>(statement, [after, batch.last, room]);
      differences.push(...found);
    }
    after = batch.last;
    wallets += batch.wallets;
    entries += batch.entries;
    onProgress(wallets);
  }
}

async function nextBatch(
  reader: ReadConnection,
  after: string,
): Promise<{ last: string; wallets: number; entries: number } | undefined> {
  const [batch] = await reader.read<{ last: string | null; wallets: number; entries: number }>(
    `/* audit.batch */ SELECT max(owner_id) AS last, CAST(count(*) AS bigint) AS wallets,
       CAST(coalesce(sum(entry_count), 0) AS bigint) AS entries
     FROM (SELECT owner_id, entry_count FROM wallets WHERE owner_id > $1 ORDER BY owner_id LIMIT $2) batch`,
    [after, BATCH_WALLETS],
  );
  return batch?.last ? { ...batch, last: batch.last } : undefined;
}
