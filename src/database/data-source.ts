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
import { assertFile, notOpened, sqlitePathOf } from './location.js';
import { migrations } from './migrations.js';
import { makePrivateFile } from './private-file.js';
import { asFault } from './faults.js';
import { PostgresStatements } from './postgres-statements.js';
import { TransactionRunner, UnitRunner, type Unit } from './sqlite-runner.js';
import { SqliteStatements } from './sqlite-statements.js';
import type { EntityClass, Statements } from './statements.js';

const SQLITE_BUSY_TIMEOUT_MS = 5000;
export const POSTGRES_CONNECT_TIMEOUT_MS = 10_000;
/** Of every statement but those that are `unhurried`. */
export const POSTGRES_STATEMENT_TIMEOUT_MS = 30_000;
/** A process that stands still in a transaction would keep its locks for as long. */
const POSTGRES_IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;
/** A server that has vanished without a word is noticed some ten seconds after this. */
const POSTGRES_KEEP_ALIVE_AFTER_MS = 10_000;

/** Amounts and moments are `bigint` columns; all of them fit a JavaScript integer, or the read fails. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint out of range: ${text}`);
  return value;
}

/**
 * Between the pool and the next user of a connection nobody listens for its end. The next user hears of
 * that from their next statement; unheard, it would end the process.
 */
function ignoreIdleConnectionErrors(client: pg.Client): void {
  client.on('error', () => undefined);
}

/** By statements and not by parameters of the start, which poolers (PgBouncer) refuse. */
async function setTimeouts(client: pg.Client): Promise<void> {
  await client.query(
    `SET statement_timeout = ${String(POSTGRES_STATEMENT_TIMEOUT_MS)};
     SET idle_in_transaction_session_timeout = ${String(POSTGRES_IDLE_IN_TRANSACTION_TIMEOUT_MS)}`,
  );
}

/** What TypeORM's own queries meet is told in the same way as what `Statements` meet. */
function withFaults(runner: QueryRunner): QueryRunner {
  const query = runner.query.bind(runner);
  const connect = runner.connect.bind(runner) as () => Promise<unknown>;
  const thrown = (error: unknown): never => {
    throw asFault(error);
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
 * sqlite3 for TypeORM, which asks it for `verbose()`: that takes a stack trace at every call, in the whole
 * process, a third of a request's time. It is to be given to every SQLite data source.
 */
export const quietSqlite3 = { ...sqlite3, verbose: () => sqlite3 };

/** Where the data lives and what it is made of. */
export interface DatabaseOptions {
  readonly url: string;
  readonly poolMax: number;
  readonly entities: EntityClass[];
}

/** Options for the database that `url` names. `synchronize` is never on: migrations make the schema. */
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
    url,
    extra: {
      max: poolMax,
      keepAlive: true,
      keepAliveInitialDelayMillis: POSTGRES_KEEP_ALIVE_AFTER_MS,
      types,
      connectionTimeoutMillis: POSTGRES_CONNECT_TIMEOUT_MS,
      onConnect: (client: pg.Client) => {
        ignoreIdleConnectionErrors(client);
        return setTimeouts(client);
      },
    },
  };
}

/** TypeORM's data source with statements that are prepared once, and that end before it does. */
export class Database extends DataSource {
  readonly isSqlite = this.options.type === 'sqlite';
  /** Where the SQLite file is; undefined on PostgreSQL. */
  readonly sqlitePath = this.isSqlite ? String(this.options.database) : undefined;
  /** Whether the file had its write-ahead log beside it before it was opened. */
  readonly hadLog = this.isSqlite && existsSync(`${String(this.options.database)}-wal`);
  private readonly onSqlite = new SqliteStatements(this);
  private readonly runners = new WeakSet<QueryRunner>();

  /** Statements outside a transaction; on SQLite, whose one connection is shared, inside as well. */
  get statements(): Statements {
    return this.isSqlite
      ? this.onSqlite
      : new PostgresStatements(this, (this.driver as PostgresDriver).master as pg.Pool);
  }

  /** Statements on the connection that the runner has. */
  async statementsOf(runner: QueryRunner): Promise<Statements> {
    if (this.isSqlite) return this.onSqlite;
    return new PostgresStatements(this, (await runner.connect()) as pg.PoolClient);
  }

  /** Every mapped table, each after those that its rows refer to. */
  get tables(): EntityMetadata[] {
    return (this.options.entities as EntityClass[]).map((entity) => this.getMetadata(entity));
  }

  /** What begins, nests, commits and rolls back the transactions on SQLite's one connection. */
  transactionRunner(): TransactionRunner {
    return new TransactionRunner(this.driver as SqliteDriver, this.onSqlite);
  }

  /** TypeORM's manager inside the transaction that is open on SQLite's one connection, for one unit of it. */
  entitiesWithin(unit: Unit): EntityManager {
    return this.createEntityManager(new UnitRunner(this.driver as SqliteDriver, unit));
  }

  /**
   * Connections to PostgreSQL by what they do, and callers for whom there is none; undefined on SQLite. The driver's
   * own count has everybody who has just asked, for a tick: also those who get an idle or a new connection.
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
    // SQLite has one for all.
    if (this.runners.has(runner)) return runner;
    this.runners.add(runner);
    return withFaults(runner);
  }

  override async destroy(): Promise<void> {
    await this.onSqlite.finalize();
    await super.destroy();
  }
}

/**
 * `prepareFile` is called with the path of an SQLite file before it is opened. Throws one readable sentence,
 * without credentials, for a database that does not open.
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
    throw notOpened(options.url, error);
  }
}

/**
 * SQLite's log is copied into the file when it has so many pages (32 MiB): each page is copied once, however often it
 * was written. With the default of 1,000 that was a sixth of SQLite's work on a chat.
 */
const JOURNAL_PAGES = 8192;
/** The pages that chats of a thousand people write lie in it, and are not read again from the file. */
const CACHE_KIB = 16_384;

/**
 * Opens the database for writing. On SQLite every commit is on disk before it is acknowledged
 * (`synchronous = FULL`), so that no answered chat is lost on power failure; and what is deleted is
 * overwritten (`secure_delete`), so that the file does not keep it. The file is this user's alone.
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

/** Opens the database for reading alone: SQLite then refuses every write. */
export async function openReadOnly(options: DatabaseOptions): Promise<Database> {
  const dataSource = await open(options, assertFile);
  if (dataSource.options.type === 'sqlite') await dataSource.query('PRAGMA query_only = ON');
  return dataSource;
}

/**
 * What readers use beside `writer`. TypeORM gives a SQLite data source one connection, on which a read
 * would see what a transaction under way may still roll back; so there readers get their own.
 */
export async function openReader(options: DatabaseOptions, writer: Database): Promise<Database> {
  return writer.isSqlite ? openReadOnly(options) : writer;
}
