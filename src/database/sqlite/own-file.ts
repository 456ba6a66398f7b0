import { statSync } from 'node:fs';
import { assertNotForeignTables } from '../table-names.js';
import { ForeignFile } from './foreign-file.js';

/**
 * Throws if another program has filled the SQLite file at `path`. Changes nothing: opened for writing, or for reading
 * as the service does, a file would get another journal mode. A file that cannot be read passes, because whatever opens
 * it next reports that.
 */
export async function assertOwnFile(path: string): Promise<void> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return;
  const file = await ForeignFile.open(path).catch(() => undefined);
  if (!file) return;
  try {
    assertNotForeignTables(await file.tableNames());
  } finally {
    await file.close();
  }
}
