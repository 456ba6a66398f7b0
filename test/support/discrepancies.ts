import { createHash, randomUUID } from 'node:crypto';
import { GRANT_AMOUNT, type Customer, type Sent } from './customer.js';
import type { Inspector } from './databases.js';

export interface Prices {
  readonly openingGrant: number;
  readonly price: number;
}

interface TurnRow {
  readonly username: string;
  readonly id: string;
  readonly message: string;
  readonly response: string;
  readonly status: string;
  readonly amount: number;
}

/** Creates codes worth `amount` each, as an operator would. */
export async function createCodes(
  database: Inspector,
  count: number,
  amount: number,
): Promise<string[]> {
  const codes = Array.from({ length: count }, () => randomUUID());
  for (const code of codes) {
    await database.rows(
      `INSERT INTO redemption_codes (id, digest, amount, reason, created_at) VALUES ($1, $2, $3, 'a campaign', 0)`,
      [code, createHash('sha256').update(code).digest('hex'), amount],
    );
  }
  return codes;
}

/** Makes all users staff, so that they may grant tokens. */
export async function promote(database: Inspector): Promise<void> {
  await database.rows('UPDATE users SET is_staff = $1', [true]);
}

/**
 * Returns the differences between the database and the answers that the customers got. There is none if every
 * answer is stored, none is charged twice, and each balance is the sum of its credits minus its charges.
 */
export async function discrepancies(
  database: Inspector,
  customers: readonly Customer[],
  prices: Prices,
): Promise<string[]> {
  const turns = await database.rows<TurnRow>(
    `SELECT u.username, t.id, t.message, t.response, t.status, t.amount
     FROM turns t JOIN users u ON u.id = t.owner_id`,
  );
  const faults: string[] = [];
  for (const customer of customers) {
    const own = turns.filter(({ username }) => username === customer.username);
    faults.push(...turnFaults(customer, own));
    faults.push(...own.flatMap((turn) => priceFault(turn, prices) ?? []));
    faults.push(...(await walletFaults(database, customer, own, prices)));
  }
  return faults;
}

function turnFaults({ sent, username }: Customer, own: readonly TurnRow[]): string[] {
  const saved = new Map<string, TurnRow[]>();
  for (const turn of own) saved.set(turn.message, [...(saved.get(turn.message) ?? []), turn]);
  const faults = [...saved.keys()]
    .filter((message) => !sent.has(message))
    .map((message) => `${username} never said ${message}`);
  for (const one of sent.values()) {
    const fault = turnFault(one, saved.get(one.message) ?? []);
    if (fault) faults.push(`${one.message} (${one.outcome}): ${fault}`);
  }
  return faults;
}

function turnFault({ key, outcome, turnId }: Sent, saved: readonly TurnRow[]): string | undefined {
  if (saved.length > 1) return `charged ${String(saved.length)} times`;
  if (outcome === 'refused' && saved.length > 0) return 'charged all the same';
  if (outcome === 'answered' && saved[0]?.id !== turnId) return 'the answer is lost';
  // Only a caller that left, and had no key to come back with, may have an aborted turn.
  const mayBeAborted = key === undefined && outcome === 'unknown';
  if (saved[0]?.status === 'aborted' && !mayBeAborted) return 'taken for gone';
  return undefined;
}

/** Checks the price of a turn: 0 if it was aborted before its first word, and the one price otherwise. */
function priceFault({ message, response, status, amount }: TurnRow, { price }: Prices) {
  const expected = status === 'aborted' && response === '' ? 0 : price;
  if (amount === expected && status !== 'failed') return undefined;
  return `${message} (${status}) cost ${String(amount)}`;
}

async function walletFaults(
  database: Inspector,
  { username, redeemed, granted }: Customer,
  own: readonly TurnRow[],
  { openingGrant }: Prices,
): Promise<string[]> {
  const credits = await database.rows<{ id: string; amount: number }>(
    'SELECT c.id, c.amount FROM redemption_codes c JOIN users u ON u.id = c.redeemed_by WHERE u.username = $1',
    [username],
  );
  const [wallet] = await database.rows<{ balance: number }>(
    'SELECT balance FROM wallets w JOIN users u ON u.id = w.owner_id WHERE u.username = $1',
    [username],
  );
  const grants = await database.rows<{ key: string; amount: number }>(
    `SELECT e.claim_key AS key, e.amount FROM ledger_entries e JOIN users u ON u.id = e.owner_id
     WHERE u.username = $1 AND e.kind = 'grant' AND e.claim_key IS NOT NULL`,
    [username],
  );
  const lost = [...redeemed.keys()].filter((code) => !credits.some(({ id }) => id === code));
  const credited = [...credits, ...grants].reduce((sum, { amount }) => sum + amount, openingGrant);
  const expected = own.reduce((sum, { amount }) => sum - amount, credited);
  return [
    ...lost.map((code) => `${username} lost the credit of ${code}`),
    ...grantFaults(granted, grants),
    ...(wallet?.balance === expected
      ? []
      : [`${username} has ${String(wallet?.balance)} and not ${String(expected)}`]),
  ];
}

function grantFaults(
  granted: ReadonlyMap<string, boolean>,
  rows: readonly { key: string; amount: number }[],
): string[] {
  const strange = rows.filter(({ key, amount }) => !granted.has(key) || amount !== GRANT_AMOUNT);
  const times = (key: string) => rows.filter((row) => row.key === key).length;
  const wrong = [...granted].filter(([key, isConfirmed]) =>
    isConfirmed ? times(key) !== 1 : times(key) > 1,
  );
  return [
    ...strange.map(({ key }) => `${key} was never asked for`),
    ...wrong.map(([key]) => `${key} was granted ${String(times(key))} times`),
  ];
}
