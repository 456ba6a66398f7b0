import 'reflect-metadata';
import type { Command } from 'commander';
import { loadSettings, type Settings } from '../config/config.js';
import { type Database } from '../database/data-source.js';
import { openReadOnly, openWriter } from '../database/open-database.js';
import { FileLease } from '../database/sqlite/file-lease.js';
import { locationOf } from '../database/location.js';
import { listMigrations, migrate, revertLast } from '../database/migrate.js';
import { assertNotForeign } from '../database/table-names.js';
import { entities } from '../entities.js';
import { assertExistingDatabase } from './existing-database.js';

const optionsOf = ({ databaseUrl: url, databasePoolMax: poolMax }: Settings) => ({
  url,
  poolMax,
  entities,
});

/**
 * Runs `work` while holding the lease. On SQLite the schema must not change while another process uses the
 * database.
 */
async function withLease<T>(
  config: Settings,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const file = await FileLease.takeFor(config.databaseUrl);
  try {
    const database = await openWriter(optionsOf(config));
    try {
      return await work(database);
    } finally {
      await database.destroy();
    }
  } finally {
    await file?.release();
  }
}

async function run(): Promise<void> {
  const config = loadSettings();
  process.stderr.write(`database: ${locationOf(config.databaseUrl)}\n`);
  const done = await withLease(config, async (database) => {
    await assertNotForeign(database);
    return migrate(database);
  });
  const names = done.map((name) => `migrated: ${name}\n`);
  process.stdout.write(names.join('') || 'the schema is up to date\n');
}

async function show(): Promise<void> {
  const settings = loadSettings();
  await assertExistingDatabase(settings);
  const database = await openReadOnly(optionsOf(settings));
  try {
    await assertNotForeign(database);
    for (const { name, isDone, isKnown } of await listMigrations(database)) {
      const note = isKnown ? '' : ' (of a newer release)';
      process.stdout.write(`[${isDone ? 'X' : ' '}] ${name}${note}\n`);
    }
  } finally {
    await database.destroy();
  }
}

async function revert(): Promise<void> {
  const settings = loadSettings();
  await assertExistingDatabase(settings);
  const name = await withLease(settings, async (database) => {
    await assertNotForeign(database);
    return revertLast(database);
  });
  process.stdout.write(name === undefined ? 'nothing to revert\n' : `reverted: ${name}\n`);
}

export function declare(command: Command): void {
  command.action(run);
  command.command('show').description('lists the migrations and which are done').action(show);
  command.command('revert').description('undoes the last migration').action(revert);
}
