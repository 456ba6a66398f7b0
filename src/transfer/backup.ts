import type { FullReport } from '../audit/full-audit.js';
import { sqlitePathOf } from '../database/location.js';
import { assertMigrated } from '../database/migrate.js';
import { type DatabaseOptions } from '../database/data-source.js';
import { openWriter } from '../database/open-database.js';
import { markComplete } from '../database/copy-mark.js';
import { assertSqliteFile, copyOnline } from '../database/sqlite/sqlite-file.js';
import {
  assertNotDatabaseFile,
  assertAuditPasses,
  exists,
  completeCopy,
  destinationOf,
  isFile,
  onCopyOf,
  sizeOf,
  withUnfinishedCopy,
} from './copies.js';

/** The message on PostgreSQL, whose own programs make better backups. */
const PG_DUMP =
  'PostgreSQL makes its own backups: pg_dump --format=custom --file=FILE "$DATABASE_URL" (docs/operations.md)';

/** Whether an existing file may be replaced. */
export interface ReplaceOption {
  readonly replace: boolean;
}

/**
 * Copies the SQLite database of the options into one file, also while a service uses it. The copy contains
 * every answer that was sent before the call. The file gets its name after it passed the same audit as a live
 * database. If the name is a link, its target is written. Returns the report for the operator. Throws if the file
 * exists already, for PostgreSQL, for a link to nothing, and if the audit finds a problem.
 */
export async function backUp(
  options: DatabaseOptions,
  name: string,
  { replace }: ReplaceOption,
): Promise<string> {
  const path = sqlitePathOf(options.url);
  if (path === undefined) throw new Error(PG_DUMP);
  const file = destinationOf(name);
  const assertFree = () => {
    assertNotDatabaseFile(file, path);
    if (!exists(file)) return;
    if (!isFile(file)) throw new Error(`${file} is not a file`);
    if (!replace) throw new Error(`${file} is there already: give --replace`);
  };
  assertFree();
  assertSqliteFile(path);
  return withUnfinishedCopy(file, async (unfinished) => {
    await copyOnline(path, unfinished);
    const report = await onCopyOf(path, () =>
      audited({ ...options, url: `sqlite:${unfinished}` }, path),
    );
    assertFree();
    completeCopy(unfinished, file);
    return `backed up to ${file}: ${sizeOf(report)}`;
  });
}

/** Audits the copy of the file at `path`. Throws if the copy is not whole. */
async function audited(options: DatabaseOptions, path: string): Promise<FullReport> {
  const copy = await openWriter(options);
  try {
    await assertMigrated(copy);
    // The copy is of a single point in time, so the mark of the live file does not apply to it.
    await markComplete(copy);
    return await assertAuditPasses(copy, path);
  } finally {
    await copy.destroy();
  }
}
