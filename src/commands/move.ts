import 'reflect-metadata';
import { InvalidArgumentError, type Command } from 'commander';
import { databaseUrlFault } from '../config/setting-rules.js';
import { locationOf } from '../database/location.js';
import { entities } from '../entities.js';
import { move } from '../transfer/move.js';

/** Connections to each database: one holds the lock, one works, and two are spare. */
const POOL_MAX = 4;

function databaseUrl(text: string): string {
  const fault = databaseUrlFault(text);
  if (fault === undefined) return text;
  throw new InvalidArgumentError(`It ${fault}.`);
}

async function run(source: string, target: string): Promise<void> {
  process.stderr.write(`from: ${locationOf(source)}\nto: ${locationOf(target)}\n`);
  const report = await move({
    source: { url: source, poolMax: POOL_MAX, entities },
    target: { url: target, poolMax: POOL_MAX, entities },
    onProgress: (table, rows) => process.stderr.write(`${table}: ${String(rows)} rows\n`),
  });
  process.stdout.write(`${report}\n`);
}

export function declare(command: Command): void {
  command
    .argument('<source>', 'sqlite:<path> or postgres://…; no service may use it', databaseUrl)
    .argument('<target>', 'in the same form; empty, or left by an earlier run', databaseUrl)
    .action(run);
}
