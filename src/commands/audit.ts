import 'reflect-metadata';
import type { Command } from 'commander';
import { fullAudit, isClean, toText } from '../audit/full-audit.js';
import { loadSettings } from '../config/config.js';
import { openReadOnly } from '../database/open-database.js';
import { assertMigrated } from '../database/migrate.js';
import { entities } from '../entities.js';
import { assertExistingDatabase } from './existing-database.js';

const DIFFERENCES_CODE = 1;

/**
 * Checks every wallet of the configured database and its integrity. A service may be running at the same
 * time.
 */
async function run({ json }: { json?: true }): Promise<void> {
  const settings = loadSettings();
  await assertExistingDatabase(settings);
  const { databaseUrl: url, databasePoolMax: poolMax } = settings;
  const dataSource = await openReadOnly({ url, poolMax, entities });
  const onProgress = (wallets: number) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${String(wallets)} wallets `);
  };
  try {
    await assertMigrated(dataSource);
    const report = await fullAudit(dataSource, onProgress);
    process.stdout.write(`${json ? JSON.stringify(report) : toText(report)}\n`);
    if (!isClean(report)) process.exitCode = DIFFERENCES_CODE;
  } finally {
    await dataSource.destroy();
  }
}

export function declare(command: Command): void {
  command.option('--json', 'prints the report as JSON').action(run);
}
