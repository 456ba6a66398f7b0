import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { PRICE, type Charge, type PaidWallet } from './store.js';

const DAY_MICROS = 86_400 * 1_000_000;
const HOLD_MICROS = 720 * 1_000_000;

export const digestOf = (secret: string) => createHash('sha256').update(secret).digest('hex');

/** Returns the current time in whole microseconds. */
export const nowMicros = () => Math.floor((performance.timeOrigin + performance.now()) * 1000);

export const READS = {
  caller: `SELECT t.id AS "credentialId", t.user_id AS "userId", t.last_used_at AS "lastUsedAt", u.is_active AS "isActive"
    FROM access_tokens t JOIN users u ON u.id = t.user_id WHERE t.digest = $1`,
  passwordHash: 'SELECT password_hash AS phc FROM users WHERE username_key = $1',
  available: 'SELECT balance - held AS available FROM wallets WHERE owner_id = $1',
  page: `SELECT id, conversation_id AS conversation, message, response, model, status, amount AS tokens, created_at AS "createdAt"
    FROM turns WHERE owner_id = $1 ORDER BY ordinal DESC LIMIT $2`,
};

const text = (index: number) => `value ->> ${String(index)}`;
const whole = (index: number) => `CAST(value ->> ${String(index)} AS bigint)`;

/**
 * Returns the statements for a group of chats of any size. The rows are one JSON parameter. `rows` is the SQL that
 * reads them in this database, one array for each row.
 */
export const writes = (rows: string) => ({
  wallets: `UPDATE wallets SET balance = balance - c.amount, entry_count = entry_count + c.entries, last_ordinal = last_ordinal + c.entries,
      spent_amount = CASE WHEN spent_day = c.today THEN spent_amount ELSE 0 END + c.amount, spent_day = c.today
    FROM (SELECT ${text(0)} AS owner, ${whole(1)} AS entries, ${whole(2)} AS amount, ${whole(3)} AS today FROM ${rows}) AS c
    WHERE owner_id = c.owner AND balance - held >= c.amount AND (daily_limit IS NULL
      OR CASE WHEN spent_day = c.today THEN spent_amount ELSE 0 END + held + c.amount <= daily_limit)
    RETURNING owner_id AS "ownerId", balance, balance - held AS available, entry_count AS "entryCount", last_ordinal AS "lastOrdinal"`,
  holds: `INSERT INTO holds (id, owner_id, amount, captured_amount, state, expires_at, created_at, resolved_at, process_id)
    SELECT ${text(1)}, ${text(0)}, ${whole(9)}, ${whole(9)}, 'captured', ${whole(12)}, ${whole(8)}, ${whole(8)}, 1 FROM ${rows}`,
  entries: `INSERT INTO ledger_entries (id, owner_id, seq, kind, amount, balance_after, reason, hold_id, turn_id, turn_ordinal, created_at)
    SELECT ${text(2)}, ${text(0)}, ${whole(10)}, 'charge', -${whole(9)}, ${whole(11)}, 'chat message to echo', ${text(1)}, ${text(4)}, ${whole(14)}, ${whole(8)} FROM ${rows}`,
  conversations: `INSERT INTO conversations (id, owner_id, ordinal, title, created_at, updated_at)
    SELECT ${text(3)}, ${text(0)}, ${whole(14)}, ${text(6)}, ${whole(8)}, ${whole(8)} FROM ${rows}`,
  turns: `INSERT INTO turns (id, owner_id, ordinal, conversation_id, hold_id, message, response, model, status, finish_reason,
      prompt_tokens, completion_tokens, amount, available_after, credential_id, created_at)
    SELECT ${text(4)}, ${text(0)}, ${whole(14)}, ${text(3)}, ${text(1)}, ${text(6)}, ${text(7)}, 'echo', 'complete', 'stop',
      10, 10, ${whole(9)}, ${whole(13)}, ${text(5)}, ${whole(8)} FROM ${rows}`,
});

/** Returns the parameter of `wallets`: each owner once. */
export function walletRows(charges: readonly Charge[]): string {
  const today = Math.floor(nowMicros() / DAY_MICROS);
  const counts = new Map<string, number>();
  for (const { userId } of charges) counts.set(userId, (counts.get(userId) ?? 0) + 1);
  return JSON.stringify([...counts].map(([owner, count]) => [owner, count, count * PRICE, today]));
}

/** Returns the parameter of the inserts: the paid charges, numbered within their wallets. */
export function chargeRows(charges: readonly Charge[], paid: Map<string, PaidWallet>): string {
  const left = new Map<string, number>();
  for (const { userId } of charges) left.set(userId, (left.get(userId) ?? 0) + 1);
  const rows: unknown[][] = [];
  for (const { userId, credentialId, createdAt, ...charge } of charges) {
    const wallet = paid.get(userId);
    if (!wallet) continue;
    const later = (left.get(userId) ?? 0) - 1;
    left.set(userId, later);
    rows.push([
      ...[userId, uuidv7(), uuidv7(), charge.conversationId, charge.turnId, credentialId],
      ...[charge.message, charge.response, createdAt, PRICE, wallet.entryCount - later],
      ...[
        wallet.balance + later * PRICE,
        createdAt + HOLD_MICROS,
        wallet.available + later * PRICE,
        wallet.lastOrdinal - later,
      ],
    ]);
  }
  return JSON.stringify(rows);
}
