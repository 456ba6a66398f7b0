import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { loadConfig } from './config/config.js';
import { openReadOnly } from './database/data-source.js';
import { assertMigrated } from './database/migrate.js';
import { ReadConnection } from './database/read-connection.js';
import { entities } from './entities.js';
import { audit, type AuditReport } from './wallet/audit.js';

const USAGE = 'usage: npm run audit -- [--json]';

function toText({ wallets, entries, differences }: AuditReport): string {
  const scope = `${String(wallets)} wallets, ${String(entries)} ledger entries`;
  if (differences.length === 0) return `${scope}: every balance follows from its entries.`;
  const lines = differences.map(
    ({ ownerId, rule, stored, recomputed }) =>
      `  wallet ${ownerId}: ${rule}: stored ${stored}, recomputed ${recomputed}`,
  );
  return `${scope}; the first differences:\n${lines.join('\n')}`;
}

/** Checks every wallet of the configured database. Exit 0: all hold; 1: differences; 2: could not check. */
async function run(): Promise<number> {
  const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
  const { databaseUrl: url, databasePoolMax: poolMax } = loadConfig();
  const dataSource = await openReadOnly({ url, poolMax, entities });
  const onProgress = (wallets: number) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${String(wallets)} wallets `);
  };
  try {
    await assertMigrated(dataSource);
    const report = await audit(new ReadConnection(dataSource), onProgress);
    process.stdout.write(`${values.json ? JSON.stringify(report) : toText(report)}\n`);
    return report.differences.length === 0 ? 0 : 1;
  } finally {
    await dataSource.destroy();
  }
}

run().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`audit: ${error instanceof Error ? error.message : USAGE}\n`);
    process.exitCode = 2;
  },
);
