/** A rule on rows of several tables, checked for one range of keys at a time. */
export interface Check {
  /** The fault, in the plural, for people to read. */
  readonly breach: string;
  /** The table whose keys are read in order, and its key. */
  readonly table: 'users' | 'wallets' | 'turns';
  readonly key: 'id' | 'owner_id';
  /** Returns the `subject` of each fault for the keys after $1, up to and including $2. */
  readonly sql: string;
}

/**
 * Rows that the service writes in one transaction must all exist. If one is missing, it was lost. Three cases
 * are normal and not reported. After a user was deleted, the wallet stays without a user. After a conversation
 * was deleted, its charges stay without an answer. A model may be free, so its answers have no entry.
 */
export const CHECKS: readonly Check[] = [
  {
    breach: 'users without a wallet',
    table: 'users',
    key: 'id',
    sql: `/* audit.users */ SELECT u.id AS subject FROM users u
      WHERE u.id > $1 AND u.id <= $2 AND NOT EXISTS (SELECT 1 FROM wallets w WHERE w.owner_id = u.id)`,
  },
  {
    breach: 'places where ledger entries are missing',
    table: 'wallets',
    key: 'owner_id',
    sql: `/* audit.gaps */ SELECT 'wallet ' || owner_id || ' before entry ' || seq AS subject FROM (
        SELECT owner_id, seq, lag(seq, 1, CAST(0 AS bigint)) OVER (PARTITION BY owner_id ORDER BY seq) AS before
        FROM ledger_entries WHERE owner_id > $1 AND owner_id <= $2
      ) numbered WHERE seq <> before + 1`,
  },
  {
    breach: 'wallets whose last ledger entries are missing',
    table: 'wallets',
    key: 'owner_id',
    sql: `/* audit.tails */ SELECT owner_id AS subject FROM wallets w
      WHERE owner_id > $1 AND owner_id <= $2 AND entry_count >
        coalesce((SELECT max(e.seq) FROM ledger_entries e WHERE e.owner_id = w.owner_id), 0)`,
  },
  {
    breach: 'ledger entries whose hold is missing',
    table: 'wallets',
    key: 'owner_id',
    sql: `/* audit.holds */ SELECT e.id AS subject FROM ledger_entries e
      WHERE e.owner_id > $1 AND e.owner_id <= $2 AND e.hold_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.id = e.hold_id)`,
  },
  {
    breach: 'answers whose price is not in the ledger',
    table: 'turns',
    key: 'id',
    sql: `/* audit.turns */ SELECT t.id AS subject FROM turns t
      WHERE t.id > $1 AND t.id <= $2 AND t.amount <>
        coalesce((SELECT -sum(e.amount) FROM ledger_entries e WHERE e.owner_id = t.owner_id AND e.turn_id = t.id), 0)`,
  },
  {
    breach: 'answers in a conversation of somebody else',
    table: 'turns',
    key: 'id',
    sql: `/* audit.owners */ SELECT t.id AS subject FROM turns t JOIN conversations c ON c.id = t.conversation_id
      WHERE t.id > $1 AND t.id <= $2 AND c.owner_id <> t.owner_id`,
  },
];
