import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Database, dataSourceOptions } from '../../src/database/data-source.js';
import { openReader, openReadOnly, openWriter } from '../../src/database/open-database.js';
import { assertMigrated, migrate } from '../../src/database/migrate.js';
import { migrations } from '../../src/database/migrations.js';
import { entities } from '../../src/entities.js';
import { TestApp } from '../support/app.js';
import {
  createDatabase,
  databaseKinds,
  Inspector,
  type TestDatabase,
} from '../support/databases.js';
import { StatementLog } from '../support/statement-log.js';
import { until } from '../support/until.js';

class Good implements MigrationInterface {
  readonly name = 'Good1764000000001';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE good (id int)');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE good');
  }
}

class Half implements MigrationInterface {
  readonly name = 'Half1764000000002';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half (id int)');
    await runner.query('CREATE nonsense');
  }
  async down(): Promise<void> {
    // This migration never succeeds, so it is never reverted.
  }
}

/** The key of the advisory lock under which PostgreSQL is migrated. */
const LOCK = 0x7a11c4a7;

describe.each(databaseKinds)('a database on %s', (kind) => {
  let owned: TestDatabase;
  let opened: Database[];

  beforeEach(async () => {
    owned = await createDatabase(kind);
    opened = [];
  });
  afterEach(async () => {
    for (const database of opened) await database.destroy();
    await owned.drop();
  });

  const keep = async (opening: Promise<Database>): Promise<Database> => {
    const database = await opening;
    if (!opened.includes(database)) opened.push(database);
    return database;
  };
  const options = (poolMax = 2) => ({ url: owned.url, poolMax, entities });
  const tables = async () => {
    const inspector = await Inspector.open(owned.url);
    const found = await inspector.tables();
    await inspector.close();
    return found;
  };

  it('opens unchanged, and TypeORM does not log', async () => {
    const writer = await keep(openWriter(options()));
    expect(await tables()).toEqual([]);
    expect([writer.options.synchronize, writer.options.logging]).toEqual([false, false]);
  });

  it('returns integers as numbers, and refuses integers that are too large', async () => {
    const { statements } = await keep(openWriter(options()));
    const sql = 'SELECT CAST($1 AS bigint) AS whole, 1.5 * $2 AS part, CAST($3 AS text) AS word';
    const most = Number.MAX_SAFE_INTEGER;
    const [row] = await statements.rows<Record<string, unknown>>(sql, [most, 3, 'x']);
    expect([row?.['whole'], Number(row?.['part']), row?.['word']]).toEqual([most, 4.5, 'x']);
    if (kind === 'sqlite') return;
    const typed = `SELECT CAST(-5 AS bigint) AS big, 7 AS int, true AS yes, now() AS at, ARRAY[1] AS list`;
    expect(await statements.rows(typed, [])).toEqual([
      { big: -5, int: 7, yes: true, at: expect.any(Date), list: [1] },
    ]);
    const tooLarge = statements.rows('SELECT CAST(9007199254740993 AS bigint) AS big', []);
    await expect(tooLarge).rejects.toThrow('bigint out of range: 9007199254740993');
  });

  it('runs each migration completely or not at all, and reports pending ones', async () => {
    const writer = await keep(openWriter(options(1)));
    const missing = 'the schema is not up to date: start the service once, and it migrates';
    await expect(assertMigrated(writer)).rejects.toThrow(missing);
    expect(await tables()).toEqual([]);
    await migrate(writer);
    await assertMigrated(writer);
    expect(await tables()).toHaveLength(entities.length + (kind === 'postgres' ? 2 : 1));
    const rows = await writer.statements.rows('SELECT name FROM migrations', []);
    expect(rows).toHaveLength(migrations.length);
  });

  it('keeps a finished migration if the next one fails, and nothing of the failed one', async () => {
    const odd = { ...dataSourceOptions(options(1)), entities: [], migrations: [Good, Half] };
    const database = await keep(new Database(odd).initialize());
    // The log receives TypeORM's own message, so that it is not printed on the console.
    const issued = await new StatementLog([database]).during(() =>
      expect(migrate(database)).rejects.toThrow('nonsense'),
    );
    expect(issued.map(({ sql }) => sql)).toContain('CREATE nonsense');
    expect(await tables()).toEqual(['good', 'migrations']);
    await expect(assertMigrated(database)).rejects.toThrow('not up to date');
    if (kind === 'sqlite') return;
    const [row] = await database.statements.rows('SELECT pg_try_advisory_lock($1) AS free', [LOCK]);
    expect(row).toEqual({ free: true });
  });

  if (kind === 'postgres') {
    it.each([
      ['role=pg_read_all_data', 'pg_read_all_data may not read and write the table access_tokens'],
      ['default_transaction_read_only=on', 'the database is read only: it is a standby, or '],
    ])('is not served where only reading is allowed (%s)', async (option, words) => {
      const writer = await keep(openWriter(options()));
      await migrate(writer);
      const url = `${owned.url}?options=${encodeURIComponent(`-c ${option}`)}`;
      await expect(TestApp.start(kind, { DATABASE_URL: url })).rejects.toThrow(words);
    });
  }

  if (kind === 'sqlite') {
    const pragma = async (database: Database, name: string) => {
      const [row] = await database.query<Record<string, unknown>[]>(`PRAGMA ${name}`);
      return Object.values(row ?? {})[0];
    };

    it('is durable, overwrites deleted text, waits for locks, and enforces references', async () => {
      const writer = await keep(openWriter(options()));
      const FULL = 2;
      expect(await pragma(writer, 'journal_mode')).toBe('wal');
      expect(await pragma(writer, 'synchronous')).toBe(FULL);
      expect(await pragma(writer, 'secure_delete')).toBe(1);
      expect(await pragma(writer, 'foreign_keys')).toBe(1);
      expect(await pragma(writer, 'busy_timeout')).toBe(5000);
      expect(await pragma(writer, 'query_only')).toBe(0);
    });

    it('has one connection, inside a transaction and outside', async () => {
      const writer = await keep(openWriter(options()));
      const runner = writer.createQueryRunner();
      const inside = await writer.statementsOf(runner);
      expect(await inside.rows('BEGIN', [])).toEqual([]);
      await writer.statements.rows('CREATE TABLE undone (id int)', []);
      await inside.rows('ROLLBACK', []);
      await runner.release();
      expect(await tables()).toEqual([]);
    });

    it('is read on a connection of its own, which cannot write', async () => {
      const writer = await keep(openWriter(options()));
      await migrate(writer);
      const reader = await keep(openReader(options(), writer));
      expect(reader).not.toBe(writer);
      expect(reader.isSqlite).toBe(true);
      for (const each of [reader, await keep(openReadOnly(options()))]) {
        const write = each.statements.rows(`DELETE FROM users`, []);
        await expect(write).rejects.toThrow('readonly');
        expect(await each.statements.rows('SELECT id FROM users', [])).toEqual([]);
      }
    });

    it('reports the path if there is no database', async () => {
      const url = 'sqlite:/dev/null/tallychat.sqlite';
      const failing = openWriter({ ...options(), url });
      await expect(failing).rejects.toThrow(
        /^The database sqlite:\/dev\/null\/\S+ does not open: /,
      );
      await expect(failing).rejects.toMatchObject({ cause: { code: expect.any(String) } });
    });
    return;
  }

  it('uses one pool of the configured size for reads and writes', async () => {
    const writer = await keep(openWriter(options(2)));
    expect(await openReader(options(2), writer)).toBe(writer);
    expect(writer.isSqlite).toBe(false);
    const sleepers = Array.from({ length: 6 }, () =>
      writer.statements.rows<{ pid: number }>('SELECT pg_backend_pid() AS pid, pg_sleep(0.02)', []),
    );
    const pids = (await Promise.all(sleepers)).map(([row]) => row?.pid);
    expect(new Set(pids).size).toBe(2);
    expect(
      await (await keep(openReadOnly(options()))).statements.rows('SELECT 1 AS one', []),
    ).toEqual([{ one: 1 }]);
  });

  it('cancels a statement after 30 s, and an idle transaction after 10 s', async () => {
    const { statements } = await keep(openWriter(options()));
    expect(await statements.rows('SHOW statement_timeout', [])).toEqual([
      { statement_timeout: '30s' },
    ]);
    expect(await statements.rows('SHOW idle_in_transaction_session_timeout', [])).toEqual([
      { idle_in_transaction_session_timeout: '10s' },
    ]);
  });

  it('is reported in one sentence without its password if it does not answer', async () => {
    const failing = openWriter({ ...options(), url: 'postgres://tally:hunter22@127.0.0.1:1/chat' });
    await expect(failing).rejects.toThrow(
      /^The database postgres:\/\/tally@127\.0\.0\.1:1\/chat does not open: connect ECONNREFUSED 127\.0\.0\.1:1$/,
    );
    await expect(failing).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    // If this name has two addresses, both fail, and the error has no message.
    const both = openWriter({ ...options(), url: 'postgres://tally:hunter22@localhost:1/chat' });
    await expect(both).rejects.toThrow(
      /^The database postgres:\/\/tally@localhost:1\/chat .+ECONNREFUSED/,
    );
  });

  it('is migrated by one process at a time', async () => {
    const writer = await keep(openWriter(options()));
    const rival = new pg.Client({ connectionString: owned.url });
    await rival.connect();
    await rival.query('SELECT pg_advisory_lock($1)', [LOCK]);
    const migrating = migrate(writer);
    const waits = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    await until(async () => (await rival.query(waits)).rows.length === 1);
    expect(await tables()).toEqual([]);
    await rival.query('SELECT pg_advisory_unlock($1)', [LOCK]);
    await migrating;
    await assertMigrated(writer);
    const { rows } = await rival.query('SELECT pg_try_advisory_lock($1) AS free', [LOCK]);
    expect(rows).toEqual([{ free: true }]);
    await rival.end();
  });
});
