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
import pgTypes from 'pg-types';
import sqlite3 from 'sqlite3';
import { assertFile, openError, sqlitePathOf } from './location.js';
import { migrations } from './migrations.js';
import { makePrivateFile } from './private-file.js';
import { toServiceError } from './service-errors.js';
import { PostgresStatements } from './postgres-statements.js';
import { postgresUrl } from './postgres-url.js';
import { endOnSilence } from './server-silence.js';
import { TransactionRunner, UnitRunner, type QueryScope } from './sqlite-runner.js';
import { SqliteStatements } from './sqlite-statements.js';
import type { EntityClass, Statements } from './statements.js';

const SQLITE_BUSY_TIMEOUT_MS = 5000;
export const POSTGRES_CONNECT_TIMEOUT_MS = 10_000;
/** The timeout of every statement, except those that run through `withoutStatementTimeout`. */
export const POSTGRES_STATEMENT_TIMEOUT_MS = 30_000;
/** PostgreSQL ends a transaction that is idle for longer. Otherwise a blocked process would keep its locks. */
const POSTGRES_IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;
/** Idle time before the first keep-alive probe. A server that vanished is noticed about ten seconds after that. */
const POSTGRES_KEEP_ALIVE_AFTER_MS = 10_000;

/** Parses a `bigint` column (an amount or a time). Throws `RangeError` if it is not a safe JavaScript integer. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint out of range: ${text}`);
  return value;
}

/**
 * Ignores errors of idle connections. While a connection is in the pool, no other listener exists for its errors,
 * and an unhandled `error` event would end the process. The next statement on the connection reports the failure.
 */
function ignoreIdleConnectionErrors(client: pg.Client): void {
  client.on('error', () => undefined);
}

/** Sets the timeouts with statements, because poolers (PgBouncer) refuse them as parameters of the connection. */
async function setTimeouts(client: pg.Client): Promise<void> {
  await client.query(
    `SET statement_timeout = ${String(POSTGRES_STATEMENT_TIMEOUT_MS)};
     SET idle_in_transaction_session_timeout = ${String(POSTGRES_IDLE_IN_TRANSACTION_TIMEOUT_MS)}`,
  );
}

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

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: string) =>
    oid === (pgTypes.builtins.INT8 as number)
      ? parseInt8
      : // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- pg asks for any type's number, its types list some
        (pgTypes.getTypeParser(oid, format as 'text') as unknown),
};

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
    extra: {
      max: poolMax,
      keepAlive: true,
      keepAliveInitialDelayMillis: POSTGRES_KEEP_ALIVE_AFTER_MS,
      types,
      connectionTimeoutMillis: POSTGRES_CONNECT_TIMEOUT_MS,
      onConnect: (client: pg.Client) => {
        ignoreIdleConnectionErrors(client);
        endOnSilence(client);
        return setTimeouts(client);
      },
    },
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

/**
 * Opens the database. Calls `prepareFile` with the path of an SQLite file before it opens the file. Throws an error
 * with one readable sentence, without credentials, if the database does not open.
 */
async function open(
  options: DatabaseOptions,
  prepareFile: (path: string) => void = () => undefined,
): Promise<Database> {
  const database = new Database(dataSourceOptions(options));
  try {
    const path = sqlitePathOf(options.url);
    if (path !== undefined) prepareFile(path);
    await database.initialize();
    return database;
  } catch (error) {
    throw openError(options.url, error);
  }
}

/**
 * Number of pages in SQLite's log that start a copy into the database file (32 MiB). Each page is copied once,
 * however often it was written. The default of 1,000 pages cost a sixth of SQLite's work on a chat.
 */
const JOURNAL_PAGES = 8192;
/** Large enough for the pages that chats of a thousand users write, so that they are not read from the file again. */
const CACHE_KIB = 16_384;

/**
 * Opens the database for writing. On SQLite every commit is on disk before it is acknowledged (`synchronous =
 * FULL`), so a power failure loses no answered chat. Deleted rows are overwritten (`secure_delete`), so they do not
 * stay in the file. Only this operating system user can read the file.
 */
export async function openWriter(options: DatabaseOptions): Promise<Database> {
  const dataSource = await open(options, makePrivateFile);
  if (dataSource.options.type === 'sqlite') {
    await dataSource.query('PRAGMA synchronous = FULL');
    await dataSource.query('PRAGMA secure_delete = ON');
    await dataSource.query(`PRAGMA wal_autocheckpoint = ${String(JOURNAL_PAGES)}`);
    await dataSource.query(`PRAGMA cache_size = -${String(CACHE_KIB)}`);
  }
  return dataSource;
}

/** Opens the database for reading only. SQLite then refuses every write. */
export async function openReadOnly(options: DatabaseOptions): Promise<Database> {
  const dataSource = await open(options, assertFile);
  if (dataSource.options.type === 'sqlite') await dataSource.query('PRAGMA query_only = ON');
  return dataSource;
}

/**
 * Returns the database that readers use. TypeORM gives an SQLite data source one connection, and a read on it would
 * see changes that the running transaction may still roll back. So on SQLite readers get their own connection.
 */
export async function openReader(options: DatabaseOptions, writer: Database): Promise<Database> {
  return writer.isSqlite ? openReadOnly(options) : writer;
}
