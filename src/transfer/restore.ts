import { copyFileSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { takeExclusively } from '../database/exclusive-access.js';
import { Database, dataSourceOptions, type DatabaseOptions } from '../database/data-source.js';
import { openWriter } from '../database/open-database.js';
import { sqlitePathOf } from '../database/location.js';
import { migrateWithoutLock } from '../database/migrate.js';
import { markComplete } from '../database/copy-mark.js';
import { assertSqliteFile, removeLog } from '../database/sqlite/sqlite-file.js';
import { assertMigratedSchema } from '../database/sqlite/sqlite-schema.js';
import { isEmpty, tableNames } from '../database/table-names.js';
import type { ReplaceOption } from './backup.js';
import {
  assertAuditPasses,
  exists,
  completeCopy,
  destinationOf,
  isSameFile,
  onCopyOf,
  sizeOf,
  withUnfinishedCopy,
} from './copies.js';

const PG_RESTORE =
  'PostgreSQL restores its own backups: pg_restore --clean --if-exists --exit-on-error --single-transaction --dbname="$DATABASE_URL" FILE (docs/operations.md)';

/** The options that the operator gives. */
export interface RestoreOptions extends ReplaceOption {
  /** Accept a copy that lacks the last changes. Useful only if there is no better copy. */
  readonly incomplete: boolean;
}

/**
 * Replaces the SQLite database of the options with a backup in one step, or changes nothing. Returns the
 * report for the operator. A backup of an older version is migrated. If the name of the database is a link, its
 * target is replaced. Throws if the file is not a complete backup, if it has a trigger or lacks a part of the schema, if
 * the database is being served, and if it has rows and `replace` is not given.
 */
export async function restore(
  options: DatabaseOptions,
  file: string,
  { replace, incomplete }: RestoreOptions,
): Promise<string> {
  const name = sqlitePathOf(options.url);
  if (name === undefined) throw new Error(PG_RESTORE);
  const path = destinationOf(name);
  assertSqliteFile(file);
  if (isSameFile(file, path)) throw new Error(`${file} is the database itself`);
  if (exists(`${realpathSync(file)}-wal`)) {
    throw new Error(
      `${file} is in use, or is not a backup: it has a write-ahead log (-wal) beside it`,
    );
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return withUnfinishedCopy(path, async (unfinished) => {
    copyFileSync(file, unfinished);
    const copy = { ...options, url: `sqlite:${unfinished}` };
    const report = await onCopyOf(file, () => migrateAndAudit(copy, file, incomplete));
    await replaceDatabase(options, { path, unfinished, replace });
    return report;
  });
}

/** Migrates and audits the copied file. Throws if it cannot be used. */
async function migrateAndAudit(
  options: DatabaseOptions,
  file: string,
  incomplete: boolean,
): Promise<string> {
  const copy = await openWriter(options);
  try {
    await assertTallychatDatabase(copy, file);
    await migrateWithoutLock(copy);
    await assertMigratedSchema(copy, options, file);
    if (incomplete) await markComplete(copy);
    return `restored ${file}: ${sizeOf(await assertAuditPasses(copy, file))}`;
  } finally {
    await copy.destroy();
  }
}

async function assertTallychatDatabase(copy: Database, file: string): Promise<void> {
  const tables = await tableNames(copy);
  if (!['migrations', 'users', 'wallets'].every((name) => tables.includes(name))) {
    throw new Error(`${file} is not a database of this service`);
  }
}

/** Replaces the live file while no process has it open. */
async function replaceDatabase(
  options: DatabaseOptions,
  { path, unfinished, replace }: ReplaceOption & { path: string; unfinished: string },
): Promise<void> {
  const release = await takeExclusively(new Database(dataSourceOptions(options)));
  try {
    if (exists(path)) await removeOldLog(options, path, replace);
    completeCopy(unfinished, path);
  } finally {
    await release();
  }
}

/** Removes the log of the old file. Otherwise SQLite would apply it to the new file. */
async function removeOldLog(
  options: DatabaseOptions,
  path: string,
  replace: boolean,
): Promise<void> {
  const old = await openWriter(options).catch(() => undefined);
  if (!old) {
    if (!replace) throw new Error(`${path} is there and does not open: give --replace`);
    for (const end of ['-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
    return;
  }
  try {
    if (!replace && !(await isEmpty(old))) throw new Error(`${path} has rows: give --replace`);
    await removeLog(old);
  } finally {
    await old.destroy();
  }
}
