import type { EntityMetadata } from 'typeorm';

/** A class that TypeORM maps to a table. */
export type EntityClass<Entity extends object = object> = new () => Entity;

/** A row to insert: the values of all columns of its table, in the table's order. */
export interface Insertion {
  readonly table: EntityMetadata;
  readonly values: readonly unknown[];
}

/**
 * Runs SQL on one connection, or on any connection of a pool. Throws `QueryFailedError` if the database refuses a
 * statement, and `DatabaseUnavailable` if the database cannot serve requests.
 */
export interface Statements {
  /**
   * Runs one statement and returns its rows. Both databases accept the same text. Its parameters are `$1`, `$2`, ….
   * `= ANY($1)` compares with each element of a list. Start the text with a comment that names it: logs and
   * PostgreSQL's list of activity then show its origin.
   */
  rows<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]>;

  /** Inserts rows, of one table or several, in as few statements as possible. */
  insert(insertions: readonly Insertion[]): Promise<void>;
}

/** Returns columns as SQL, in the order of an `Insertion` if they are those of a table: `"id", "owner_id"`. */
export function columnList({ columns }: Pick<EntityMetadata, 'columns'>): string {
  return columns.map(({ databaseName }) => `"${databaseName}"`).join(', ');
}
