import type { DataSource, EntityManager, Repository } from 'typeorm';
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

  /** Whether a statement may read one of them. */
  mentions(sql: string): boolean {
    for (const table of this.tables) if (sql.includes(table)) return true;
    return false;
  }

  /** Forgets what was added when there were more than `length`. */
  truncate(length: number): void {
    this.rows.length = Math.min(length, this.rows.length);
  }

  /** Marks the pending rows as lost, so that code which catches the insert error cannot commit without them. */
  markLost(): void {
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
  private entities: EntityManager | undefined;
  private readonly committed: (() => void)[] = [];

  /**
   * `pending` may hold rows of units before this one in the same transaction; they go first. `openEntities`
   * gives TypeORM's manager inside the transaction.
   */
  constructor(
    private readonly dataSource: DataSource,
    private readonly statements: Statements,
    private readonly openEntities: (tx: Tx) => EntityManager,
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

  /** Runs a SELECT. It sees every row that was inserted before into a table that it names. */
  read<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return this.run<Row>(sql, parameters);
  }

  /**
   * Runs a statement that changes rows, and gives those that it changed: it ends with RETURNING, for no row
   * means that nothing was changed. It sees the same rows as `read`.
   */
  async write<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    try {
      const changed = await this.run<Row>(sql, parameters);
      this.wrote ||= changed.length > 0;
      return changed;
    } catch (error) {
      this.wrote = true;
      throw error;
    }
  }

  private run<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return this.within(async () => {
      if (this.pending.mentions(sql)) await this.flush();
      return this.statements.rows<Row>(sql, parameters);
    });
  }

  /**
   * TypeORM's repository inside the transaction, for what is neither hot nor money. It sees every row that
   * was inserted before, and counts as a write.
   */
  async repository<Entity extends object>(
    entity: EntityClass<Entity>,
  ): Promise<Repository<Entity>> {
    this.assertOpen();
    await this.flush();
    this.wrote = true;
    this.entities ??= this.openEntities(this);
    return this.entities.getRepository(entity);
  }

  /** Runs a query of the unit: refused after the unit's end, and counted while it is under way. */
  async within<T>(query: () => Promise<T>): Promise<T> {
    this.assertOpen();
    this.underWay += 1;
    try {
      return await query();
    } finally {
      this.underWay -= 1;
    }
  }

  /**
   * Adds a row, at the latest when the work is done: rows that nobody asks for earlier are written
   * together. A row that is refused fails the transaction then.
   */
  insertLater<Entity extends object>(entity: EntityClass<Entity>, row: Entity): void {
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
      this.pending.markLost();
      throw error;
    }
  }

  /** Has `tell` called once the transaction is on disk, and never where it is rolled back. Must not throw. */
  whenCommitted(tell: () => void): void {
    this.committed.push(tell);
  }

  /** For those who commit: calls what waits for it. */
  tellCommitted(): void {
    for (const tell of this.committed.splice(0)) tell();
  }

  /** From now on it refuses: work that still runs must not write into the next transaction. */
  close(): void {
    this.closed = true;
  }

  private assertOpen(): void {
    if (this.closed) throw new Error('the unit of work is over');
  }
}
