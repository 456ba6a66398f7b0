import type { Database } from '../database/data-source.js';
import { databaseFaults } from '../database/integrity.js';
import { ReadConnection } from '../database/read-connection.js';
import { isIncompleteCopy } from '../database/copy-mark.js';
import { audit, type AuditReport } from '../wallet/audit.js';
import { missingParts } from './completeness.js';

const INCOMPLETE_COPY =
  'the file was copied while it was served, without its write-ahead log (-wal): what was saved last is missing';

/** The result of an audit: whether the books balance, and whether anything is missing or damaged. */
export interface FullReport extends AuditReport {
  /** One sentence for each fault; empty for a complete database. */
  readonly missing: readonly string[];
}

/** Checks the books, and that the database is complete. The database may be in use. Changes nothing. */
export async function fullAudit(
  database: Database,
  onProgress?: (wallets: number) => void,
): Promise<FullReport> {
  const reader = new ReadConnection(database);
  const isCopy = await isIncompleteCopy(database);
  const faults = await databaseFaults(database);
  const books = await audit(reader, onProgress);
  const parts = await missingParts(reader);
  return { ...books, missing: [...(isCopy ? [INCOMPLETE_COPY] : []), ...faults, ...parts] };
}

export const isClean = ({ differences, missing }: FullReport): boolean =>
  differences.length === 0 && missing.length === 0;

/** Returns the report as text for people. The first line shows how much was checked. */
export function toText(report: FullReport): string {
  const { wallets, entries, differences, missing } = report;
  const scope = `${String(wallets)} wallets, ${String(entries)} ledger entries`;
  if (isClean(report)) return `${scope}: every balance follows from its entries.`;
  const lines = differences.map(
    ({ ownerId, rule, stored, recomputed }) =>
      `  wallet ${ownerId}: ${rule}: stored ${stored}, recomputed ${recomputed}`,
  );
  return [
    ...(lines.length > 0 ? [`${scope}; the first differences:`, ...lines] : [`${scope}.`]),
    ...(missing.length > 0 ? ['Not whole:', ...missing.map((sentence) => `  ${sentence}`)] : []),
  ].join('\n');
}
