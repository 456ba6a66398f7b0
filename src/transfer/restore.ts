import { copyFileSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { takeAlone } from '../database/alone.js';
import {
  Database,
  dataSourceOptions,
  openWriter,
  type DatabaseOptions,
} from '../database/data-source.js';
import { sqlitePathOf } from '../database/location.js';
import { migrateAlone } from '../database/migrate.js';
import { declareWhole } from '../database/copy-mark.js';
import { assertSqliteFile, removeLog } from '../database/sqlite-file.js';
import { isEmpty, tableNames } from '../database/table-names.js';
import type { Replacing } from './backup.js';
import { assertClean, exists, finish, makeUnfinished, removeFile, sizeOf } from './copies.js';

const PG_RESTORE =
  'PostgreSQL restores its own backups: pg_restore --clean --if-exists --exit-on-error --single-transaction --dbname="$DATABASE_URL" FILE (docs/operations.md)';

/** What the operator allows. */
export interface Restoring extends Replacing {
  /** Take a copy that lacks what was saved last, for want of a better one. */
  readonly incomplete: boolean;
}

/**
 * Puts a backup in the place of the SQLite database of the options, all at once, or changes nothing. Returns what to
 * tell. Throws for what is no whole backup, while the database is served, and where it has rows and `replace` is not
 * given. A backup of an older version is migrated.
 */
export async function restore(
  options: DatabaseOptions,
  file: string,
  { replace, incomplete }: Restoring,
): Promise<string> {
  const path = sqlitePathOf(options.url);
  if (path === undefined) throw new Error(PG_RESTORE);
  assertSqliteFile(file);
  if (exists(`${realpathSync(file)}-wal`)) {
    throw new Error(
      `${file} is in use, or is no backup: it has a write-ahead log (-wal) beside it`,
    );
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = makeUnfinished(path);
  try {
    copyFileSync(file, unfinished);
    const told = await checked({ ...options, url: `sqlite:${unfinished}` }, file, incomplete);
    await putInPlace(options, { path, unfinished, replace });
    return told;
  } finally {
    removeFile(unfinished);
  }
}

/** Makes of the copied file what can be served, and throws where it cannot. */
async function checked(
  options: DatabaseOptions,
  file: string,
  incomplete: boolean,
): Promise<string> {
  const copy = await openWriter(options);
  try {
    await assertOurs(copy, file);
    await migrateAlone(copy);
    if (incomplete) await declareWhole(copy);
    return `restored ${file}: ${sizeOf(await assertClean(copy, file))}`;
  } finally {
    await copy.destroy();
  }
}

async function assertOurs(copy: Database, file: string): Promise<void> {
  const tables = await tableNames(copy);
  if (!['migrations', 'users', 'wallets'].every((name) => tables.includes(name))) {
    throw new Error(`${file} is no database of this service`);
  }
}

/** Takes the place of the live file, which nobody has open then. */
async function putInPlace(
  options: DatabaseOptions,
  { path, unfinished, replace }: Replacing & { path: string; unfinished: string },
): Promise<void> {
  const release = await takeAlone(new Database(dataSourceOptions(options)));
  try {
    if (exists(path)) await settleOld(options, path, replace);
    finish(unfinished, path);
  } finally {
    await release();
  }
}

/** The old file without its log, which SQLite would otherwise play into the new one. */
async function settleOld(options: DatabaseOptions, path: string, replace: boolean): Promise<void> {
  const old = await openWriter(options).catch(() => undefined);
  if (!old) {
    if (!replace) throw new Error(`${path} is there and does not open: give --replace`);
    for (const end of ['-wal', '-shm']) removeFile(`${path}${end}`);
    return;
  }
  try {
    if (!replace && !(await isEmpty(old))) throw new Error(`${path} has rows: give --replace`);
    await removeLog(old);
  } finally {
    await old.destroy();
  }
}
