import type { EntityMetadata } from 'typeorm';
import { takeExclusively } from '../database/exclusive-access.js';
import { type Database, type DatabaseOptions } from '../database/data-source.js';
import { openWriter } from '../database/open-database.js';
import { sqlitePathOf } from '../database/location.js';
import { assertMigrated, migrateWithoutLock } from '../database/migrate.js';
import { keyText, pagesOf, rowsWithSameKeys, type RawRow } from '../database/row-pages.js';
import { assertSqliteFile } from '../database/sqlite/sqlite-file.js';
import type { EntityClass } from '../database/statements.js';
import { foreignTables } from '../database/table-names.js';
import { withoutStatementTimeout } from '../database/postgres/without-statement-timeout.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { assertSums } from './sums.js';
import { assertAuditPasses, isSameFile, sizeOf } from './copies.js';
import { isSame, toEntity } from './row-values.js';

/** The source and the target of a move, and a callback for its progress. */
export interface Move {
  readonly source: DatabaseOptions;
  readonly target: DatabaseOptions;
  readonly onProgress?: (table: string, rows: number) => void;
}

/** Two open databases that no process serves. */
interface OpenDatabases {
  readonly source: Database;
  readonly target: Database;
}

/**
 * Copies every row of one database into another, of either kind, and compares them. The source is not
 * changed. Returns the report for the operator. If it is interrupted, it can run again and continues. Throws,
 * and writes no rows, if one of the two is being served, if the audit finds a problem in the source, or if
 * the target has anything that the source does not have.
 */
export async function move({ source, target, onProgress }: Move): Promise<string> {
  const [sourcePath, targetPath] = [sqlitePathOf(source.url), sqlitePathOf(target.url)];
  const isOneFile =
    sourcePath !== undefined && targetPath !== undefined && isSameFile(sourcePath, targetPath);
  if (isOneFile || source.url === target.url) {
    throw new Error('the source and the target are one database');
  }
  if (sourcePath !== undefined) assertSqliteFile(sourcePath);
  const opened: (() => Promise<void>)[] = [];
  const open = async (options: DatabaseOptions): Promise<Database> => {
    const database = await openWriter(options);
    opened.push(() => database.destroy());
    const release = await takeExclusively(database);
    opened.push(release);
    return database;
  };
  try {
    const from = await open(source);
    await assertMigrated(from);
    const report = await assertAuditPasses(from, 'the source');
    // The target is opened only now, because opening an SQLite file for writing creates it.
    await moveBetween({ source: from, target: await open(target) }, onProgress);
    return `moved and compared: ${sizeOf(report)}`;
  } finally {
    for (const close of opened.reverse()) await close();
  }
}

async function moveBetween(pair: OpenDatabases, onProgress: Move['onProgress']): Promise<void> {
  const { source, target } = pair;
  const foreign = await foreignTables(target);
  if (foreign.length > 0) {
    throw new Error(`the target has tables of another program: ${foreign.slice(0, 5).join(', ')}`);
  }
  await migrateWithoutLock(target);
  for (const table of target.tables) await assertPartOf(pair, table);
  for (const table of source.tables) {
    const rows = await copyTable(pair, table);
    onProgress?.(table.tableName, rows);
  }
  if (!target.isSqlite) await withoutStatementTimeout(target, (ask) => ask('ANALYZE'));
  await assertSums(source, target);
  await assertAuditPasses(target, 'the target');
}

/**
 * Throws if the target has rows that are not in the source. An earlier, interrupted run may have left rows of
 * the source.
 */
async function assertPartOf(
  { source, target }: OpenDatabases,
  table: EntityMetadata,
): Promise<void> {
  for await (const page of pagesOf(target, table)) {
    const originals = await rowsWithSameKeys(source, table, page);
    const isOther = (row: RawRow) => {
      const original = originals.get(keyText(table, row));
      return !original || !isSame(table, row, original);
    };
    if (page.some(isOther)) {
      throw new Error(
        `the target has rows in ${table.tableName} that the source has not: move into an empty database`,
      );
    }
  }
}

/**
 * Writes the rows that the target does not have yet, and reads them back. Returns the number of rows of the
 * table.
 */
async function copyTable(
  { source, target }: OpenDatabases,
  table: EntityMetadata,
): Promise<number> {
  const unitOfWork = new UnitOfWork(target);
  const entity = table.target as EntityClass;
  let count = 0;
  for await (const page of pagesOf(source, table)) {
    const there = await rowsWithSameKeys(target, table, page);
    const absent = page.filter((row) => !there.has(keyText(table, row)));
    if (absent.length > 0) {
      await unitOfWork.run((tx) => {
        for (const row of absent) tx.insertLater(entity, toEntity(table, row));
      });
    }
    const written = await rowsWithSameKeys(target, table, page);
    for (const row of page) {
      const copy = written.get(keyText(table, row));
      if (!copy || !isSame(table, row, copy)) {
        throw new Error(
          `a row of ${table.tableName} did not arrive as it is: ${keyText(table, row)}`,
        );
      }
    }
    count += page.length;
  }
  return count;
}
