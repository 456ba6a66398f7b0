import 'reflect-metadata';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { entities } from '../entities.js';
import { backUp } from '../transfer/backup.js';
import { configOfExistingDatabase } from './existing-database.js';
import { filled } from './words.js';

async function run(file: string, { replace }: { replace?: true }): Promise<void> {
  const { databaseUrl: url, databasePoolMax: poolMax } = await configOfExistingDatabase();
  const told = await backUp({ url, poolMax, entities }, resolve(file), {
    replace: replace === true,
  });
  process.stdout.write(`${told}\n`);
}

export function declare(command: Command): void {
  command
    .argument('<file>', 'where to', filled)
    .option('--replace', 'writes over a file that is there')
    .action(run);
}
