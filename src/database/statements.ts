import type { EntityMetadata } from 'typeorm';

/** A class that TypeORM maps to a table. */
export type EntityClass<Entity extends object = object> = new () => Entity;

/** A row to be written: the values of all columns of its table, in the table's order. */
export interface Insertion {
  readonly table: EntityMetadata;
  readonly values: readonly unknown[];
}

/** Runs SQL on one connection, or on any one of a pool. A refusal is a `QueryFailedError`;
 * a database that cannot serve is a `DatabaseUnavailable`. */
export interface Statements {
  /**
   * Runs one statement written once for both databases and gives the rows it returns. `$1` … are its
   * parameters, `= ANY($1)` compares with each of a list. Start it with a comment that names it: what is
   * logged, and PostgreSQL's own list of activity, then show who asked.
   */
  rows<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]>;

  /** Writes rows, of one table or of several, in as few statements as there can be. */
  insert(insertions: readonly Insertion[]): Promise<void>;
}

/** `"id", "owner_id"`: the columns that an `Insertion` has values for. */
export function columnList(table: EntityMetadata): string {
  return table.columns.map(({ databaseName }) => `"${databaseName}"`).join(', ');
}
