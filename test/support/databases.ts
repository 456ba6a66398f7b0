import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import pg from 'pg';
import { Database, dataSourceOptions } from '../../src/database/data-source.js';
import { openWriter } from '../../src/database/open-database.js';
import { migrate } from '../../src/database/migrate.js';
import { ReadConnection } from '../../src/database/read-connection.js';
import { entities } from '../../src/entities.js';
import { audit } from '../../src/wallet/audit.js';
import { until } from './until.js';

export type DatabaseKind = 'sqlite' | 'postgres';

const server = process.env['TEST_POSTGRES_URL'];

/** What the run's PostgreSQL was made with. */
export const initdbFlags = (process.env['TEST_INITDB_FLAGS'] ?? '--no-sync').split(' ');

/** Both databases, or only SQLite if PostgreSQL does not start. The run reports that at its beginning. */
export const databaseKinds: readonly DatabaseKind[] = server ? ['sqlite', 'postgres'] : ['sqlite'];

/** An empty database of one spec. */
export interface TestDatabase {
  readonly url: string;
  /** Whether it stays after the service that uses it. */
  readonly isKept?: true;
  drop(): Promise<void>;
}

export const createDatabase = (kind: DatabaseKind): Promise<TestDatabase> => create(kind);

/**
 * Creates a database from a template: the name of a PostgreSQL database, or an SQLite file. Without a template it
 * is empty.
 */
async function create(kind: DatabaseKind, template?: string): Promise<TestDatabase> {
  if (kind === 'sqlite') {
    const folder = await mkdtemp(join(tmpdir(), 'tallychat-'));
    const path = join(folder, 'tallychat.sqlite');
    if (template !== undefined) await copyFile(template, path);
    const drop = () => rm(folder, { recursive: true, force: true });
    return { url: `sqlite:${path}`, drop };
  }
  const name = `tally_${randomBytes(6).toString('hex')}`;
  // The default strategy writes each page of the template to the log, which takes twice as much CPU.
  const copy = template === undefined ? '' : ` TEMPLATE ${template} STRATEGY FILE_COPY`;
  await onServer(`CREATE DATABASE ${name}${copy}`);
  const drop = () => onServer(`DROP DATABASE ${name} WITH (FORCE)`);
  return { url: urlOnServer(name), drop };
}

/** Returns the URL of a database on the run's PostgreSQL. */
function urlOnServer(name: string): string {
  return `${server ?? ''}/${name}`;
}

/** By kind, a database with the schema that nothing has open. */
const templates = new Map<DatabaseKind, Promise<string>>();

async function makeTemplate(kind: DatabaseKind): Promise<string> {
  const { url } = await create(kind);
  const database = await openWriter({ url, poolMax: 1, entities });
  await migrate(database);
  await database.destroy();
  return kind === 'sqlite' ? url.slice('sqlite:'.length) : basename(url);
}

/** The folder in which the workers of one run share the names of their templates (`run.setup.js`). */
const shared = process.env['TEST_TEMPLATES'];

/**
 * Returns the shared template. The first worker that needs it creates it, and the others wait. A worker that has waited
 * too long creates its own.
 */
async function shareTemplate(kind: DatabaseKind): Promise<string> {
  if (shared === undefined) return makeTemplate(kind);
  const record = join(shared, kind);
  try {
    await mkdir(`${record}.making`);
  } catch {
    const isThere = until(() => existsSync(record)).then(() => readFile(record, 'utf8'));
    return isThere.catch(() => makeTemplate(kind));
  }
  const template = await makeTemplate(kind);
  await writeFile(`${record}.new`, template);
  await rename(`${record}.new`, record);
  return template;
}

/** Returns the template of a kind. Only copy it, never open it. */
export function templateOf(kind: DatabaseKind): Promise<string> {
  const template = templates.get(kind) ?? shareTemplate(kind);
  templates.set(kind, template);
  // The next file tries again.
  template.catch(() => templates.delete(kind));
  return template;
}

/**
 * Creates a database of one spec, with the schema and without rows. It is a copy, because running all migrations
 * takes longer.
 */
export async function createMigrated(kind: DatabaseKind): Promise<TestDatabase> {
  return create(kind, await templateOf(kind));
}

/** The worker's connection to the server. It stays open, because a new one costs half as much CPU as a new database. */
const onlyConnection = new pg.Pool({
  connectionString: urlOnServer('postgres'),
  max: 1,
  idleTimeoutMillis: 60_000,
  allowExitOnIdle: true,
});
// An idle connection ends with the server. The next statement opens another one.
onlyConnection.on('error', () => undefined);

/** Runs one statement on the server, outside the databases of specs. */
export async function onServer(sql: string): Promise<void> {
  await onlyConnection.query(sql);
}

/** A connection for the spec, to read what the service stored and to prepare a case. */
export class Inspector {
  private constructor(
    readonly url: string,
    readonly dataSource: Database,
  ) {}

  static async open(url: string): Promise<Inspector> {
    const options = dataSourceOptions({ url, poolMax: 2, entities });
    return new Inspector(url, await new Database(options).initialize());
  }

  async rows<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return this.dataSource.statements.rows<Row>(`/* spec */ ${sql}`, parameters);
  }

  /** Runs statements in a transaction that stays open, and keeps its locks, until `work` is done. */
  async inTransaction(work: (rows: Inspector['rows']) => Promise<void>): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    const statements = await this.dataSource.statementsOf(runner);
    const rows = <Row>(sql: string, parameters: readonly unknown[] = []) =>
      statements.rows<Row>(`/* spec */ ${sql}`, parameters);
    try {
      await rows(this.dataSource.options.type === 'sqlite' ? 'BEGIN IMMEDIATE' : 'BEGIN');
      await work(rows);
      await rows('COMMIT');
    } catch (error) {
      // Its locks would block everything that follows.
      await rows('ROLLBACK');
      throw error;
    } finally {
      await runner.release();
    }
  }

  /** Returns the names of all tables that migrations create. */
  async tables(): Promise<string[]> {
    const sql =
      this.dataSource.options.type === 'sqlite'
        ? `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`
        : `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`;
    return (await this.rows<{ name: string }>(sql)).map(({ name }) => name).sort();
  }

  async count(
    table: string,
    where = '1 = 1',
    parameters: readonly unknown[] = [],
  ): Promise<number> {
    const sql = `SELECT count(*) AS count FROM ${table} WHERE ${where}`;
    const [row] = await this.rows<{ count: number }>(sql, parameters);
    return Number(row?.count);
  }

  /** Removes every row that the service wrote, in one transaction. References between tables do not matter. */
  async empty(): Promise<void> {
    const { type } = this.dataSource.options;
    const deletes = this.dataSource.entityMetadatas.map(
      ({ tableName }) => `DELETE FROM "${tableName}"`,
    );
    if (type === 'postgres') {
      const freely = 'SET LOCAL session_replication_role = replica';
      await this.dataSource.query(['BEGIN', freely, ...deletes, 'COMMIT'].join('; '));
      return;
    }
    await this.dataSource.query('PRAGMA foreign_keys = OFF');
    await this.inTransaction(async (rows) => {
      for (const sql of deletes) await rows(sql);
    });
    await this.dataSource.query('PRAGMA foreign_keys = ON');
  }

  /** Returns the differences that the service's own audit finds. */
  async differences(): Promise<unknown[]> {
    return (await audit(new ReadConnection(this.dataSource))).differences;
  }

  /**
   * Returns the wallets whose balance is not the sum of their entries, or whose `held` is not the sum of open
   * holds.
   */
  async unbalancedWallets(): Promise<unknown[]> {
    return this.rows(
      `SELECT owner_id, balance, held FROM wallets w
       WHERE balance <> (SELECT coalesce(sum(amount), 0) FROM ledger_entries e WHERE e.owner_id = w.owner_id)
          OR held <> (SELECT coalesce(sum(amount), 0) FROM holds h WHERE h.owner_id = w.owner_id AND h.state = 'open')
          OR entry_count <> (SELECT count(*) FROM ledger_entries e WHERE e.owner_id = w.owner_id)`,
    );
  }

  /** Saves the rows of some tables. Returns a function that restores them. */
  async snapshot(tables: readonly string[]): Promise<() => Promise<void>> {
    const saved = new Map<string, Record<string, unknown>[]>();
    for (const table of tables) saved.set(table, await this.rows(`SELECT * FROM ${table}`));
    return async () => {
      for (const table of [...tables].reverse()) await this.rows(`DELETE FROM ${table}`);
      for (const [table, rows] of saved) {
        for (const row of rows) {
          const [names, values] = [Object.keys(row), Object.values(row)];
          const places = names.map((_, n) => `$${String(n + 1)}`).join(', ');
          await this.rows(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${places})`, values);
        }
      }
    };
  }

  close(): Promise<void> {
    return this.dataSource.destroy();
  }
}
