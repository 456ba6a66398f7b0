import { createHash } from 'node:crypto';
import { execute } from './database.js';

/** Enough wallets that chats of many users rarely use the same one. */
const PAYER_COUNT = 100;
const LOGIN_COUNT = 16;
const BALANCE = 1_000_000_000_000;
const PAST_TURNS = 100;

export const PASSWORD = 'strongpassword123';

/** Users that chat and have enough tokens. */
export const payers = Array.from({ length: PAYER_COUNT }, (_, n) => person(n));
/** Returns one of them, in turn. */
export const payerAt = (n: number) => person(n % PAYER_COUNT);
/** A user with a history of a few pages that does not chat. */
export const reader = person(PAYER_COUNT);
/** Users with long histories of one letter, which they search. */
export const searchers = Array.from({ length: 8 }, (_, n) => person(200 + n));
/** Names that can log in with `PASSWORD`. The first one is registered, the others are copies. */
export const logins = Array.from({ length: LOGIN_COUNT }, (_, n) => `login${String(n)}`);

/** A user of the bench: an id, and an access token that is used only here. */
export interface Person {
  readonly id: string;
  readonly secret: string;
}

function person(n: number): Person {
  const secret = createHash('sha1')
    .update(`person ${String(n)} of the bench`)
    .digest('hex');
  return { id: personId(n), secret };
}

/**
 * Returns an id that sorts by number. SQL can make the same ids: the databases share no function for left padding.
 */
function personId(n: number): string {
  return `00000000-0000-7000-8000-${String(100_000_000_000 + n)}`;
}

/** The columns of `users` that every schema has had since the first one. */
export const USERS =
  'users (id, username, username_key, email, password_hash, is_active, is_staff, created_at)';

const digestOf = (secret: string) => createHash('sha256').update(secret).digest('hex');
const now = () => Date.now() * 1000;

function insertPerson({ id, secret }: Person): string {
  const at = String(now());
  return `INSERT INTO ${USERS} VALUES ('${id}', 'rich${id}', 'rich${id}', '', '', true, false, ${at});
    INSERT INTO access_tokens VALUES ('${id}', '${digestOf(secret)}', '${id}', ${at}, ${at});
    ${insertWallet(id)}`;
}

/** Returns SQL that gives a user a wallet. Without one, the audit of the soak test would report the user. */
function insertWallet(ownerId: string): string {
  const at = String(now());
  return `INSERT INTO wallets VALUES ('${ownerId}', ${String(BALANCE)}, 0, 1, NULL, 0, 0, ${at}, 0, 0, 0);
    INSERT INTO ledger_entries (id, owner_id, seq, kind, amount, balance_after, reason, created_at)
      VALUES ('${ownerId}', '${ownerId}', 1, 'grant', ${String(BALANCE)}, ${String(BALANCE)}, 'opening grant', ${at});`;
}

/** Returns SQL that inserts past turns in one conversation. */
export function insertTurns({ id }: Person, count: number): string {
  return `INSERT INTO conversations VALUES ('${id}', '${id}', 'Hello', NULL, NULL, NULL, 0, 0, 1);
    UPDATE wallets SET last_ordinal = ${String(count)} WHERE owner_id = '${id}';
    INSERT INTO turns (id, owner_id, ordinal, conversation_id, hold_id, message, response, model, status, finish_reason,
      prompt_tokens, completion_tokens, amount, available_after, credential_id, created_at)
    WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ${String(count)})
    SELECT '00000001-0000-7000-8000-' || CAST(100000000000 + n AS text), '${id}', n + 1, '${id}', '${id}',
      'Hello, how does this work?', 'This is a dummy AI response to your message: ''Hello, how does this work?''',
      'echo', 'complete', 'stop', 10, 10, 0, ${String(BALANCE)}, '${id}', n FROM numbers;`;
}

/** Registers one user, and copies its password hash to the others. */
async function addLogins(databaseUrl: string, serviceUrl: string): Promise<void> {
  const [first = '', ...others] = logins;
  const answer = await fetch(`${serviceUrl}/api/register/`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: first, password: PASSWORD }),
  });
  if (answer.status !== 201) throw new Error(`registering was answered ${String(answer.status)}`);
  const copies = others.map((name, n) => {
    const id = personId(PAYER_COUNT + 1 + n);
    return `INSERT INTO ${USERS} SELECT '${id}', '${name}', '${name}', '', password_hash, true, false, created_at
      FROM users WHERE username_key = '${first}';
      ${insertWallet(id)}`;
  });
  await execute(databaseUrl, copies.join('\n'));
}

/** Fills a database that the service at `serviceUrl` has just created. */
export async function addPeople(databaseUrl: string, serviceUrl: string): Promise<void> {
  const people = [...payers, reader].map(insertPerson).join('\n');
  await execute(databaseUrl, `BEGIN; ${people} ${insertTurns(reader, PAST_TURNS)} COMMIT;`);
  await addLogins(databaseUrl, serviceUrl);
}

/** Adds the users that search. Each has forty messages of the maximum length, with their answers. */
export async function addSearchers(databaseUrl: string): Promise<void> {
  const long = 'a'.repeat(100_000);
  const people = searchers.map((who, n) => {
    const turns = insertTurns(who, 40)
      .replaceAll('Hello, how does this work?', long)
      .replaceAll('00000001-0000', `0000001${String(n)}-0000`);
    return `${insertPerson(who)} ${turns}`;
  });
  await execute(databaseUrl, `BEGIN; ${people.join('\n')} COMMIT;`);
}
