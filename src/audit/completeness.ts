import type { ReadConnection } from '../database/read-connection.js';
import { CHECKS, type Check } from './checks.js';

const BATCH_ROWS = 1000;
/** Number of rows named for each broken rule. */
const NAMED_MAX = 3;

/**
 * Looks for rows that must exist together and do not. Returns one sentence for each broken rule. Memory does
 * not grow with the number of rows. Each batch is one statement, so writes at the same time do not disturb it.
 */
export async function missingParts(reader: ReadConnection): Promise<string[]> {
  const sentences: string[] = [];
  for (const check of CHECKS) {
    const { count, named } = await breachesOf(reader, check);
    if (count > 0) sentences.push(`${check.breach}: ${String(count)} (${named.join(', ')})`);
  }
  return sentences;
}

async function breachesOf(reader: ReadConnection, { table, key, sql }: Check) {
  const named: string[] = [];
  let [after, count] = ['', 0];
  for (;;) {
    const [batch] = await reader.read<{ last: string | null }>(
      `/* audit.range */ SELECT max(${key}) AS last FROM
         (SELECT ${key} FROM ${table} WHERE ${key} > $1 ORDER BY ${key} LIMIT ${String(BATCH_ROWS)}) batch`,
      [after],
    );
    if (!batch?.last) return { count, named };
    const breaches = await reader.read<{ subject: string }>(sql, [after, batch.last]);
    count += breaches.length;
    named.push(...breaches.slice(0, NAMED_MAX - named.length).map(({ subject }) => subject));
    after = batch.last;
  }
}
