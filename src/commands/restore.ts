import 'reflect-metadata';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadSettings } from '../config/config.js';
import { locationOf } from '../database/location.js';
import { entities } from '../entities.js';
import { restore } from '../transfer/restore.js';
import { filePath } from './arguments.js';

interface Options {
  readonly replace?: true;
  readonly incomplete?: true;
}

async function run(file: string, options: Options): Promise<void> {
  const { databaseUrl: url, databasePoolMax: poolMax } = loadSettings();
  process.stderr.write(`database: ${locationOf(url)}\n`);
  const allowed = { replace: options.replace === true, incomplete: options.incomplete === true };
  const report = await restore({ url, poolMax, entities }, resolve(file), allowed);
  process.stdout.write(`${report}\n`);
}

export function declare(command: Command): void {
  command
    .argument('<file>', 'a copy that `backup` created', filePath)
    .option('--replace', 'discards the rows of the existing database')
    .option('--incomplete', 'accepts a copy of a live file that lacks the newest changes')
    .action(run);
}
