import { sqlitePathOf } from '../database/location.js';
import { assertMigrated } from '../database/migrate.js';
import { openWriter, type DatabaseOptions } from '../database/data-source.js';
import { declareWhole } from '../database/copy-mark.js';
import { assertSqliteFile, copyOnline } from '../database/sqlite-file.js';
import {
  assertApart,
  assertClean,
  exists,
  finish,
  isFile,
  makeUnfinished,
  removeFile,
  sizeOf,
} from './copies.js';

/** A command that PostgreSQL's own programs do better. */
const PG_DUMP =
  'PostgreSQL makes its own backups: pg_dump --format=custom --file=FILE "$DATABASE_URL" (docs/operations.md)';

/** Whether a file that is there already may be replaced. */
export interface Replacing {
  readonly replace: boolean;
}

/**
 * Copies the SQLite database of the options into a file of its own, also while it is served: every answer that was
 * acknowledged before is in it. The file appears under its name once it was checked like the live one. Returns what
 * to tell. Throws where the file is there already, for PostgreSQL, and for a database that is not whole.
 */
export async function backUp(
  options: DatabaseOptions,
  file: string,
  { replace }: Replacing,
): Promise<string> {
  const path = sqlitePathOf(options.url);
  if (path === undefined) throw new Error(PG_DUMP);
  const assertFree = () => {
    assertApart(file, path);
    if (!exists(file)) return;
    if (!isFile(file)) throw new Error(`${file} is no file`);
    if (!replace) throw new Error(`${file} is there already: give --replace`);
  };
  assertFree();
  assertSqliteFile(path);
  const unfinished = makeUnfinished(file);
  try {
    await copyOnline(path, unfinished);
    const copy = await openWriter({ ...options, url: `sqlite:${unfinished}` });
    try {
      await assertMigrated(copy);
      // All of it is of one moment: what the mark of the live file says is not true of the copy.
      await declareWhole(copy);
      const report = await assertClean(copy, path);
      await copy.destroy();
      assertFree();
      finish(unfinished, file);
      return `backed up to ${file}: ${sizeOf(report)}`;
    } finally {
      if (copy.isInitialized) await copy.destroy();
    }
  } finally {
    removeFile(unfinished);
  }
}
