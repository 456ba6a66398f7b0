import {
  DataSource,
  type DataSourceOptions,
  type EntityManager,
  type EntityMetadata,
  type QueryRunner,
  type ReplicationMode,
} from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import type { SqliteDriver } from 'typeorm/driver/sqlite/SqliteDriver.js';
import { existsSync } from 'node:fs';
import type pg from 'pg';
import sqlite3 from 'sqlite3';
import { sqlitePathOf } from './location.js';
import { migrations } from './migrations.js';
import { toServiceError } from './service-errors.js';
import { PostgresStatements } from './postgres/postgres-statements.js';
import { postgresPoolOptions } from './postgres/postgres-options.js';
import { postgresUrl } from './postgres/postgres-url.js';
import { TransactionRunner, UnitRunner, type QueryScope } from './sqlite/sqlite-runner.js';
import { SqliteStatements } from './sqlite/sqlite-statements.js';
import type { EntityClass, Statements } from './statements.js';

const SQLITE_BUSY_TIMEOUT_MS = 5000;

/** Maps the errors of TypeORM's own queries to the same errors that `Statements` throw. */
function mapErrors(runner: QueryRunner): QueryRunner {
  const query = runner.query.bind(runner);
  const connect = runner.connect.bind(runner) as () => Promise<unknown>;
  const thrown = (error: unknown): never => {
    throw toServiceError(error);
  };
  return Object.assign(runner, {
    query: (...asked: Parameters<typeof query>) => query(...asked).catch(thrown),
    connect: () => connect().catch(thrown),
  });
}

/**
 * The sqlite3 driver with a `verbose()` that does nothing. TypeORM calls `verbose()`, which makes sqlite3 take a
 * stack trace at every call in the whole process: a third of a request's time. Give it to every SQLite data source.
 */
export const quietSqlite3 = { ...sqlite3, verbose: () => sqlite3 };

/** The location of the database, and its entities. */
export interface DatabaseOptions {
  readonly url: string;
  readonly poolMax: number;
  readonly entities: EntityClass[];
}

/** Returns TypeORM's options for the database at `url`. `synchronize` is always off: migrations make the schema. */
export function dataSourceOptions({ url, poolMax, entities }: DatabaseOptions): DataSourceOptions {
  const schema = { entities, migrations, synchronize: false, logging: false };
  const database = sqlitePathOf(url);
  if (database !== undefined) {
    return {
      ...schema,
      type: 'sqlite',
      database,
      driver: quietSqlite3,
      enableWAL: true,
      busyTimeout: SQLITE_BUSY_TIMEOUT_MS,
    };
  }
  return {
    ...schema,
    type: 'postgres',
    url: postgresUrl(url),
    extra: postgresPoolOptions(poolMax),
  };
}

/** TypeORM's data source with prepared statements, which it finalizes before the connection closes. */
export class Database extends DataSource {
  readonly isSqlite = this.options.type === 'sqlite';
  /** The path of the SQLite file. Undefined on PostgreSQL. */
  readonly sqlitePath = this.isSqlite ? String(this.options.database) : undefined;
  /** Whether the file had a write-ahead log before it was opened. */
  readonly hadWriteAheadLog = this.isSqlite && existsSync(`${String(this.options.database)}-wal`);
  private readonly onSqlite = new SqliteStatements(this);
  private readonly runners = new WeakSet<QueryRunner>();

  /** Runs statements outside a transaction. SQLite shares one connection, so there they also run inside. */
  get statements(): Statements {
    return this.isSqlite
      ? this.onSqlite
      : new PostgresStatements(this, (this.driver as PostgresDriver).master as pg.Pool);
  }

  /** Returns statements that run on the connection of `runner`. */
  async statementsOf(runner: QueryRunner): Promise<Statements> {
    if (this.isSqlite) return this.onSqlite;
    return new PostgresStatements(this, (await runner.connect()) as pg.PoolClient);
  }

  /** Every mapped table. A table comes after the tables that its rows refer to. */
  get tables(): EntityMetadata[] {
    return (this.options.entities as EntityClass[]).map((entity) => this.getMetadata(entity));
  }

  /** Returns the runner that begins, nests, commits and rolls back transactions on SQLite's one connection. */
  transactionRunner(): TransactionRunner {
    return new TransactionRunner(this.driver as SqliteDriver, this.onSqlite);
  }

  /** Returns TypeORM's manager for one unit, inside the transaction that is open on SQLite's one connection. */
  entitiesWithin(unit: QueryScope): EntityManager {
    return this.createEntityManager(new UnitRunner(this.driver as SqliteDriver, unit));
  }

  /**
   * Number of connections to PostgreSQL, idle connections, and callers that wait for one. Undefined on SQLite. The
   * driver's own count of waiting callers includes, for one tick, callers that will get an idle or a new
   * connection. This count leaves them out.
   */
  get pool():
    { readonly total: number; readonly idle: number; readonly waiting: number } | undefined {
    if (this.isSqlite) return undefined;
    const pool = (this.driver as PostgresDriver).master as pg.Pool;
    const { totalCount: total, idleCount: idle, waitingCount, options } = pool;
    return { total, idle, waiting: Math.max(0, waitingCount - idle - (options.max - total)) };
  }

  override createQueryRunner(mode?: ReplicationMode): QueryRunner {
    const runner = super.createQueryRunner(mode);
    // On SQLite TypeORM returns the same runner each time.
    if (this.runners.has(runner)) return runner;
    this.runners.add(runner);
    return mapErrors(runner);
  }

  override async destroy(): Promise<void> {
    await this.onSqlite.finalize();
    await super.destroy();
  }
}
