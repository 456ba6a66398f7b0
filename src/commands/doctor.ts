import { Logger } from '@nestjs/common';
import type { Command } from 'commander';
import { loadConfig } from '../config/load-config.js';
import { examineModels } from '../models/doctor.js';

const FAULT_CODE = 1;

/** Asks each configured model for one word. Opens no database, so it also works before the first start. */
async function run(): Promise<void> {
  Logger.overrideLogger(false);
  const config = loadConfig();
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const isWell = await examineModels(config, print);
  for (const hint of config.hints) process.stderr.write(`${hint}\n`);
  if (!isWell) process.exitCode = FAULT_CODE;
}

export function declare(command: Command): void {
  command.action(run);
}
