import type { DataSource, EntityManager, Repository } from 'typeorm';
import type { EntityClass, Insertion, Statements } from '../statements.js';

/** A boolean in a raw row. SQLite stores 0 and 1. */
export type DbBoolean = boolean | 0 | 1;

/** Rows that wait to be inserted in one transaction, in order. */
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

  /** Checks whether a statement may read one of the rows. */
  mentions(sql: string): boolean {
    for (const table of this.tables) if (sql.includes(table)) return true;
    return false;
  }

  /** Removes the rows after the first `length`. */
  truncate(length: number): void {
    this.rows.length = Math.min(length, this.rows.length);
  }

  /** Marks the rows as lost. Code that catches the insert error then cannot commit without them. */
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

/** A running transaction, passed to the work that runs in it. */
export class Tx {
  private hasWrittenRows = false;
  private closed = false;
  private runningQueries = 0;
  private entities: EntityManager | undefined;
  private readonly committed: (() => void)[] = [];

  /**
   * `pending` may hold rows of earlier units of the same transaction; they are written first. `openEntities`
   * returns TypeORM's manager inside the transaction.
   */
  constructor(
    private readonly dataSource: DataSource,
    private readonly statements: Statements,
    private readonly openEntities: (tx: Tx) => EntityManager,
    private readonly pending = new PendingRows(),
  ) {}

  /** Whether the transaction has changed anything yet. Rows that wait to be inserted do not count. */
  get hasWritten(): boolean {
    return this.hasWrittenRows;
  }

  /** Whether the database runs a query for the transaction. Until it answers, the changes are unknown. */
  get isAtDatabase(): boolean {
    return this.runningQueries > 0;
  }

  /** Runs a SELECT. It sees every row that was inserted earlier into the tables that it names. */
  read<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return this.run<Row>(sql, parameters);
  }

  /**
   * Runs a statement that changes rows, and returns the changed rows. The statement must end with RETURNING: no row
   * means that nothing was changed. It sees the same rows as `read`.
   */
  async write<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    try {
      const changed = await this.run<Row>(sql, parameters);
      this.hasWrittenRows ||= changed.length > 0;
      return changed;
    } catch (error) {
      this.hasWrittenRows = true;
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
   * Returns TypeORM's repository inside the transaction, for work that is neither frequent nor about money. It sees
   * every row that was inserted earlier. It counts as a write.
   */
  async repository<Entity extends object>(
    entity: EntityClass<Entity>,
  ): Promise<Repository<Entity>> {
    this.assertOpen();
    await this.flush();
    this.hasWrittenRows = true;
    this.entities ??= this.openEntities(this);
    return this.entities.getRepository(entity);
  }

  /** Runs a query of the unit, and counts it while it runs. Throws after the unit's end. */
  async within<T>(query: () => Promise<T>): Promise<T> {
    this.assertOpen();
    this.runningQueries += 1;
    try {
      return await query();
    } finally {
      this.runningQueries -= 1;
    }
  }

  /**
   * Inserts a row before the transaction commits. Rows that no statement reads earlier are written together at the
   * end. If a row is refused, the transaction fails then.
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
    this.hasWrittenRows = true;
    try {
      await this.statements.insert(insertions);
    } catch (error) {
      this.pending.markLost();
      throw error;
    }
  }

  /**
   * Registers a function to call when the transaction is on disk. It is not called after a rollback. Must not
   * throw.
   */
  whenCommitted(callback: () => void): void {
    this.committed.push(callback);
  }

  /** Calls the functions registered with `whenCommitted`. Only the code that commits calls it. */
  notifyCommitted(): void {
    for (const callback of this.committed.splice(0)) callback();
  }

  /** Refuses every later query. Work that still runs must not write into the next transaction. */
  close(): void {
    this.closed = true;
  }

  private assertOpen(): void {
    if (this.closed) throw new Error('the unit of work is over');
  }
}
