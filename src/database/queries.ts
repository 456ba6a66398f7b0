import type { DataSource } from 'typeorm';
import type { EntityClass } from './data-source.js';
import type { Insertion, Statements } from './statements.js';

/** A boolean as a raw row has it: SQLite stores 0 and 1. */
export type DbBoolean = boolean | 0 | 1;

/** One transaction under way, handed to the work that runs in it. */
export class Tx {
  private pending: Insertion[] = [];
  private wrote = false;

  /** `earlier` are rows that wait from units before this one in the same transaction; they go first. */
  constructor(
    private readonly dataSource: DataSource,
    private readonly statements: Statements,
    private readonly earlier: Insertion[] = [],
  ) {}

  /** Whether it has changed anything yet: what only waits to be inserted has not. */
  get hasWritten(): boolean {
    return this.wrote;
  }

  /** Runs one statement. It sees every row that was inserted before into a table that it names. */
  async rows<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    if ([...this.earlier, ...this.pending].some(({ table }) => sql.includes(table.tableName))) {
      await this.flush();
    }
    const reads = /^\/\*.*?\*\/\s*SELECT\b/.test(sql);
    // A statement that fails may have come any far.
    const found = await this.statements.rows<Row>(sql, parameters).catch((error: unknown) => {
      this.wrote ||= !reads;
      throw error;
    });
    // A guarded statement that found no row has done nothing.
    this.wrote ||= !reads && (found.length > 0 || !sql.includes('RETURNING'));
    return found;
  }

  /**
   * Adds a row, at the latest when the work is done: rows that nobody asks for earlier are written
   * together. A row that is refused fails the transaction then.
   */
  insert<Entity extends object>(entity: EntityClass<Entity>, row: Entity): void {
    const table = this.dataSource.getMetadata(entity);
    const fields = row as Readonly<Record<string, unknown>>;
    const values = table.columns.map(({ propertyName }) => fields[propertyName]);
    this.pending.push({ table, values });
  }

  /** Hands over the rows that wait, to be written by somebody else. */
  takePending(): Insertion[] {
    return this.pending.splice(0);
  }

  /** Writes the rows that wait. */
  async flush(): Promise<void> {
    this.wrote ||= this.pending.length > 0;
    await this.statements.insert([...this.earlier.splice(0), ...this.takePending()]);
  }
}
