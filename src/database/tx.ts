import type { DataSource } from 'typeorm';
import type { EntityClass, Insertion, Statements } from './statements.js';

/** A boolean as a raw row has it: SQLite stores 0 and 1. */
export type DbBoolean = boolean | 0 | 1;

/** Rows that wait to be inserted into one transaction, in order. */
export class PendingRows {
  private rows: Insertion[] = [];
  private readonly tables = new Set<string>();
  private isLost = false;

  get length(): number {
    return this.rows.length;
  }

  add(insertion: Insertion): void {
    this.rows.push(insertion);
    this.tables.add(insertion.table.tableName);
  }

  /** Whether a statement may ask for one of them. */
  concern(sql: string): boolean {
    for (const table of this.tables) if (sql.includes(table)) return true;
    return false;
  }

  /** Forgets what was added when there were more than `length`. */
  cutTo(length: number): void {
    this.rows.length = Math.min(length, this.rows.length);
  }

  /** Whoever catches the refusal of rows that are not all their own: the transaction has lost them. */
  lose(): void {
    this.isLost = true;
  }

  take(): Insertion[] {
    if (this.isLost) throw new Error('rows of this transaction were refused before');
    const rows = this.rows;
    this.rows = [];
    this.tables.clear();
    return rows;
  }
}

/** One transaction under way, handed to the work that runs in it. */
export class Tx {
  private wrote = false;
  private closed = false;
  private underWay = 0;

  /** `pending` may hold rows of units before this one in the same transaction; they go first. */
  constructor(
    private readonly dataSource: DataSource,
    private readonly statements: Statements,
    private readonly pending = new PendingRows(),
  ) {}

  /** Whether it has changed anything yet: what only waits to be inserted has not. */
  get hasWritten(): boolean {
    return this.wrote;
  }

  /** Whether the database is at work for it: nobody knows then what it has changed. */
  get isAtDatabase(): boolean {
    return this.underWay > 0;
  }

  /** Runs one statement. It sees every row that was inserted before into a table that it names. */
  async rows<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    this.assertOpen();
    this.underWay += 1;
    try {
      return await this.run<Row>(sql, parameters);
    } finally {
      this.underWay -= 1;
    }
  }

  private async run<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    if (this.pending.concern(sql)) await this.flush();
    const reads = /^\/\*.*?\*\/\s*SELECT\b/.test(sql);
    // Of one that fails, nobody knows how far it came; one that may find nothing tells by what it returns.
    this.wrote ||= !reads && !sql.includes('RETURNING');
    const found = await this.statements.rows<Row>(sql, parameters);
    this.wrote ||= !reads && found.length > 0;
    return found;
  }

  /**
   * Adds a row, at the latest when the work is done: rows that nobody asks for earlier are written
   * together. A row that is refused fails the transaction then.
   */
  insert<Entity extends object>(entity: EntityClass<Entity>, row: Entity): void {
    this.assertOpen();
    const table = this.dataSource.getMetadata(entity);
    const fields = row as Readonly<Record<string, unknown>>;
    const values = table.columns.map(({ propertyName }) => fields[propertyName]);
    this.pending.add({ table, values });
  }

  /** Writes the rows that wait. */
  async flush(): Promise<void> {
    const insertions = this.pending.take();
    if (insertions.length === 0) return;
    this.wrote = true;
    try {
      await this.statements.insert(insertions);
    } catch (error) {
      this.pending.lose();
      throw error;
    }
  }

  /** From now on it refuses: what still runs of its work must not write into somebody else's transaction. */
  close(): void {
    this.closed = true;
  }

  private assertOpen(): void {
    if (this.closed) throw new Error('the unit of work is over');
  }
}
