import { type Inspector } from './databases.js';

const PEOPLE = 2000;
/** Rows of each history for every user, and for one user that writes a lot. */
const ROWS_EACH = 10;
const ROWS_OF_OWNER = 800;
/** The rows of all users are spread over the same ids and numbers, as if written in the same time. */
const ROW_STEP = (PEOPLE * ROWS_EACH) / ROWS_OF_OWNER;
const SEQ_STEP = ROWS_OF_OWNER / ROWS_EACH;
const SEQ_FIRST = 100;

/** Returns SQL for the number `i` in the shape of an id. */
const idOf = (i: string) =>
  `substr('00000000-0000-7000-8000-000000000000', 1, 36 - length(CAST(${i} AS text))) || (${i})`;

const upTo = (count: number) =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${String(count)})`;

/** Returns SQL for rows of money and history of any owner. */
const histories = (owner: string, id: string, seq: string, now: number) => ({
  ledger_entries: `(id, owner_id, seq, kind, amount, balance_after, reason, turn_id, created_at)
    SELECT ${id}, ${owner}, ${seq}, 'grant', 1, 1, 'crowd', ${id}, ${String(now)} FROM n`,
  holds: `(id, owner_id, amount, captured_amount, state, expires_at, created_at, process_id,
     claim_route, claim_key, claim_hash)
    SELECT ${id}, ${owner}, 1, 1, 'captured', ${String(now)}, ${String(now)}, 1, 'chat', 'k' || i, 'h' FROM n`,
  conversations: `(id, owner_id, ordinal, title, created_at, updated_at)
    SELECT ${id}, ${owner}, ${seq}, 'crowd', ${String(now)}, ${String(now)} FROM n`,
  turns: `(id, owner_id, ordinal, conversation_id, hold_id, message, response, model, status, finish_reason,
     prompt_tokens, completion_tokens, amount, available_after, credential_id, created_at)
    SELECT ${id}, ${owner}, ${seq}, ${id}, ${id}, 'm', 'r', 'echo', 'complete', 'stop', 1, 1, 1, 1, ${owner}, ${String(now)} FROM n`,
});

/** Fills the tables that grow, so that a query planner does not choose a scan for them. */
export async function addManyUsers(database: Inspector, ownerId: string): Promise<void> {
  const now = Date.now() * 1000;
  const person = idOf('i');
  const people = {
    users: `(id, username, username_key, email, password_hash, is_active, is_staff, created_at)
      SELECT ${person}, 'crowd' || i, 'crowd' || i, '', '', true, false, 1 FROM n`,
    access_tokens: `(id, digest, user_id, created_at, last_used_at)
      SELECT ${person}, 'd' || i, ${person}, ${String(now)}, ${String(now)} FROM n`,
    jwt_families: `(id, user_id, refresh_jti, expires_at, created_at)
      SELECT ${person}, ${person}, 'j' || i, ${String(now)}, ${String(now)} FROM n`,
    jwt_rotations: `(jti, family_id, successor_jti, rotated_at)
      SELECT 's' || i, ${person}, 'j' || i, ${String(now)} FROM n`,
    login_networks: `(user_id, digest, last_used_at)
      SELECT ${person}, 'd' || i, ${String(now)} FROM n`,
    wallets: `(owner_id, balance, held, entry_count, spent_amount, spent_day, created_at)
      SELECT ${person}, 1, 0, ${String(ROWS_EACH)}, 0, 0, 1 FROM n`,
    redemption_codes: `(id, digest, amount, reason, created_at)
      SELECT ${person}, 'd' || i, 1, 'crowd', 1 FROM n`,
  };
  const insert = async (count: number, tables: Record<string, string>) => {
    for (const [table, rows] of Object.entries(tables)) {
      await database.rows(`${upTo(count)} INSERT INTO ${table} ${rows}`);
    }
  };
  await insert(PEOPLE, people);
  const someone = idOf(`i % ${String(PEOPLE)} + 1`);
  const everyonesSeq = `i / ${String(PEOPLE)} * ${String(SEQ_STEP)} + ${String(SEQ_FIRST)}`;
  await insert(PEOPLE * ROWS_EACH, histories(someone, idOf('i * 2'), everyonesSeq, now));
  const own = idOf(`i * 2 * ${String(ROW_STEP)} + 1`);
  await insert(ROWS_OF_OWNER, histories(`'${ownerId}'`, own, `i + ${String(SEQ_FIRST)}`, now));
  await database.rows(
    'UPDATE wallets SET entry_count = $2, last_ordinal = $2 WHERE owner_id = $1',
    [ownerId, SEQ_FIRST + 2 * ROWS_OF_OWNER],
  );
  if (database.dataSource.options.type === 'postgres') await database.rows('ANALYZE');
}
