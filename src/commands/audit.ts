import 'reflect-metadata';
import type { Command } from 'commander';
import { openReadOnly } from '../database/data-source.js';
import { assertMigrated } from '../database/migrate.js';
import { ReadConnection } from '../database/read-connection.js';
import { entities } from '../entities.js';
import { audit, type AuditReport } from '../wallet/audit.js';
import { configOfExistingDatabase } from './existing-database.js';

const DIFFERENCES_CODE = 1;

function toText({ wallets, entries, differences }: AuditReport): string {
  const scope = `${String(wallets)} wallets, ${String(entries)} ledger entries`;
  if (differences.length === 0) return `${scope}: every balance follows from its entries.`;
  const lines = differences.map(
    ({ ownerId, rule, stored, recomputed }) =>
      `  wallet ${ownerId}: ${rule}: stored ${stored}, recomputed ${recomputed}`,
  );
  return `${scope}; the first differences:\n${lines.join('\n')}`;
}

/** Checks every wallet of the configured database, beside a service that may be running. */
async function run({ json }: { json?: true }): Promise<void> {
  const { databaseUrl: url, databasePoolMax: poolMax } = configOfExistingDatabase();
  const dataSource = await openReadOnly({ url, poolMax, entities });
  const onProgress = (wallets: number) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${String(wallets)} wallets `);
  };
  try {
    await assertMigrated(dataSource);
    const report = await audit(new ReadConnection(dataSource), onProgress);
    process.stdout.write(`${json ? JSON.stringify(report) : toText(report)}\n`);
    if (report.differences.length > 0) process.exitCode = DIFFERENCES_CODE;
  } finally {
    await dataSource.destroy();
  }
}

export function declare(command: Command): void {
  command.option('--json', 'prints the report for a program').action(run);
}
