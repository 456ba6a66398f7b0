import 'reflect-metadata';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadSettings } from '../config/config.js';
import { entities } from '../entities.js';
import { backUp } from '../transfer/backup.js';
import { assertExistingDatabase } from './existing-database.js';
import { filePath } from './arguments.js';

async function run(file: string, { replace }: { replace?: true }): Promise<void> {
  const settings = loadSettings();
  await assertExistingDatabase(settings);
  const { databaseUrl: url, databasePoolMax: poolMax } = settings;
  const report = await backUp({ url, poolMax, entities }, resolve(file), {
    replace: replace === true,
  });
  process.stdout.write(`${report}\n`);
}

export function declare(command: Command): void {
  command
    .argument('<file>', 'path of the copy', filePath)
    .option('--replace', 'overwrites an existing file')
    .action(run);
}
