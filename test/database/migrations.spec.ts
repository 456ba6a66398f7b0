import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { migrate } from '../../src/database/migrate.js';
import { migrations } from '../../src/database/migrations.js';
import { entities } from '../../src/entities.js';
import {
  createDatabase,
  createMigrated,
  databaseKinds,
  Inspector,
  type TestDatabase,
} from '../support/databases.js';
import { itLightOnSqlite } from '../support/full-effort.js';

/**
 * Foreign keys that exist only in migrations. Entities do not refer to each other, so a schema that TypeORM makes
 * from them would not have these. Everything else must be equal.
 */
const FOREIGN_KEYS = [
  ['access_tokens', 'access_tokens_user'],
  ['jwt_families', 'jwt_families_user'],
  ['jwt_rotations', 'jwt_rotations_family'],
  ['login_networks', 'login_networks_user'],
  ['ledger_entries', 'ledger_entries_wallet'],
  ['holds', 'holds_wallet'],
  ['turns', 'turns_conversation'],
  ['password_resets', 'password_resets_user'],
  ['conversations', 'conversations_owner'],
  ['spending_caps', 'spending_caps_wallets'],
  ['api_keys', 'api_keys_users'],
  ['api_key_secrets', 'api_key_secrets_api_keys'],
  ['client_chats', 'client_chats_owner'],
  ['client_chats', 'client_chats_conversation'],
] as const;

const TABLES = [
  'users',
  'access_tokens',
  'wallets',
  'ledger_entries',
  'holds',
  'conversations',
  'turns',
];
/** A row in each table that refers to another table, or that another table refers to. */
const ROWS = [
  `INSERT INTO users VALUES ('u', 'ada', 'ada', '', '', true, false, 1, 0)`,
  `INSERT INTO access_tokens VALUES ('a', 'digest', 'u', 1, 1)`,
  // The migration counts what is stored: 400 bytes for each row, plus the texts.
  `INSERT INTO wallets VALUES ('u', 5, 0, 1, NULL, 0, 0, 1, 2, 804, 1)`,
  `INSERT INTO redemption_codes (id, digest, amount, reason, created_at) VALUES ('r', 'd', 1, 'r', 1)`,
  `INSERT INTO ledger_entries VALUES ('e', 'u', 1, 'grant', 5, 5, 'r', NULL, NULL, 1, 'grant', 'k', 'h', NULL, NULL, NULL, NULL)`,
  `INSERT INTO holds VALUES ('h', 'u', 1, 1, 'captured', 1, 1, 1, 1, NULL, NULL, NULL, NULL, NULL, 0)`,
  `INSERT INTO conversations VALUES ('c', 'u', 'title', NULL, NULL, NULL, 1, 1, 1)`,
  `INSERT INTO turns VALUES ('t', 'u', 'c', 'h', 'hi', 'ho', 'echo', 'complete', 'stop', NULL, 1, 1, 1, 4, 'a', 1, NULL, 1, NULL, NULL, NULL, NULL, 0, 0, NULL)`,
];

const BIN = resolve('node_modules/.bin');
const run = promisify(execFile);

describe.each(databaseKinds)('migrations on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let inspector: Inspector;
  let copy: TestDatabase | undefined;

  /** Opens a copy of a migrated database. Some cases start with an empty one instead. */
  const open = async (create: typeof createDatabase) => {
    database = await create(kind);
    const options = dataSourceOptions({ url: database.url, poolMax: 3, entities });
    dataSource = await new DataSource(options).initialize();
    inspector = await Inspector.open(database.url);
  };
  const close = async () => {
    await inspector.close();
    await dataSource.destroy();
    await database.drop();
  };
  const beginEmpty = async () => {
    await close();
    await open(createDatabase);
  };
  beforeEach(() => open(createMigrated));
  afterEach(async () => {
    await close();
    await copy?.drop();
    copy = undefined;
  });

  /** Returns a description of every table's columns, keys, indexes and checks. */
  const schema = async (): Promise<string[]> => {
    const runner = dataSource.createQueryRunner();
    const tables = await runner.getTables(await inspector.tables());
    await runner.release();
    const lines = tables.flatMap(({ name, columns, uniques, checks, foreignKeys, indices }) => [
      ...columns.map((column) =>
        [name, column.name, column.type, column.length, column.isNullable].join(' '),
      ),
      ...[...uniques, ...checks, ...foreignKeys, ...indices].map(
        (rule) => `${name} ${rule.name ?? ''} ${rule.columnNames?.join() ?? ''}`,
      ),
    ]);
    // PostgreSQL returns columns in any order.
    return lines.sort();
  };

  /**
   * Returns the database whose schema TypeORM compares with the entities. On SQLite, TypeORM does not see the last
   * check of a table that is WITHOUT ROWID, so this is a copy without that option.
   */
  const comparable = async (): Promise<DataSource> => {
    if (kind === 'postgres') return dataSource;
    const made = await dataSource.query<{ type: string; name: string; sql: string }[]>(
      `SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC`,
    );
    const tables = made.filter(
      ({ type, name }) => type === 'table' && !/^(migrations|sqlite_\w+)$/.test(name),
    );
    expect(tables.filter(({ sql }) => !sql.endsWith(' WITHOUT ROWID'))).toEqual([]);
    copy = await createDatabase(kind);
    const options = dataSourceOptions({ url: copy.url, poolMax: 3, entities });
    const source = await new DataSource(options).initialize();
    for (const { sql, name } of made) {
      if (!name.startsWith('sqlite_')) await source.query(sql.replace(/ WITHOUT ROWID$/, ''));
    }
    return source;
  };

  it('create exactly the tables of the entities', async () => {
    const source = await comparable();
    const runner = source.createQueryRunner();
    for (const [table, name] of FOREIGN_KEYS) await runner.dropForeignKey(table, name);
    await runner.release();
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    if (source !== dataSource) await source.destroy();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    const mapped = dataSource.entityMetadatas.map(({ tableName }) => tableName);
    // Only PostgreSQL has counters of limits, in a table that nothing else reads.
    const counters = kind === 'postgres' ? ['rate_counters'] : [];
    expect(await inspector.tables()).toEqual([...mapped, ...counters, 'migrations'].sort());
  });

  it('keep every row while tables change, down and up again', async () => {
    const rows = () =>
      Promise.all(
        TABLES.map((table) =>
          inspector.rows(`SELECT * FROM ${table} ORDER BY 1`).then((found) => [table, found]),
        ),
      );
    for (const sql of ROWS) await inspector.rows(sql);
    const before = await rows();
    const slim = migrations.findIndex(({ name }) => name === 'Slim1764000004000');
    const later = migrations.length - slim;
    for (let n = 0; n < later; n += 1) await dataSource.undoLastMigration({ transaction: 'each' });
    await migrate(dataSource);
    expect(await rows()).toEqual(before);
    // The turn still refers to its hold, and constraints are enforced again.
    for (const change of ['wallets SET held = balance + 1', 'redemption_codes SET amount = 0']) {
      await expect(inspector.rows(`UPDATE ${change}`)).rejects.toThrow(/check/i);
    }
    await expect(
      inspector.rows(`UPDATE turns SET conversation_id = 'none' WHERE id = 't'`),
    ).rejects.toThrow(/foreign key/i);
  });

  it('copy the model and the credential of a turn to older ledger entries', async () => {
    for (const sql of ROWS) await inspector.rows(sql);
    const entry = (id: string, seq: number, turn: string) =>
      inspector.rows(
        `INSERT INTO ledger_entries VALUES ('${id}', 'u', ${String(seq)}, 'charge', -1, 1, 'r', NULL, '${turn}', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
      );
    await entry('f', 2, 't');
    await entry('g', 3, 'gone');
    const keys = migrations.findIndex(({ name }) => name === 'Keys1764000041000');
    for (let n = keys; n < migrations.length; n += 1) {
      await dataSource.undoLastMigration({ transaction: 'each' });
    }
    await migrate(dataSource);
    const filled = await inspector.rows(
      'SELECT id, model, credential_id AS by, key_name AS name FROM ledger_entries ORDER BY seq',
    );
    expect(filled).toEqual([
      { id: 'e', model: null, by: null, name: null },
      { id: 'f', model: 'echo', by: 'a', name: null },
      { id: 'g', model: null, by: null, name: null },
    ]);
  });

  it('can be reverted one by one and run again with the same schema', async () => {
    const before = await schema();
    expect(before.length).toBeGreaterThan(80);
    for (const migration of [...migrations].reverse()) {
      await dataSource.undoLastMigration({ transaction: 'each' });
      const left = await dataSource.query<{ name: string }[]>('SELECT name FROM migrations');
      expect(left.map(({ name }) => name)).not.toContain(migration.name);
    }
    expect(await inspector.tables()).toEqual(['migrations']);
    await migrate(dataSource);
    expect(await schema()).toEqual(before);
    await migrate(dataSource);
    expect(await dataSource.query('SELECT * FROM migrations')).toHaveLength(migrations.length);
  });

  // On SQLite the lease refuses a second process.
  if (kind === 'postgres') {
    it('run once if processes start together', async () => {
      await beginEmpty();
      const others = await Promise.all(
        Array.from({ length: 4 }, () => new DataSource(dataSource.options).initialize()),
      );
      await Promise.all([dataSource, ...others].map((each) => migrate(each)));
      await Promise.all(others.map((each) => each.destroy()));
      expect(await dataSource.query('SELECT * FROM migrations')).toHaveLength(migrations.length);
    });
  }

  const itOnSqlite = itLightOnSqlite(kind);

  itOnSqlite('are shown, run and reverted by the scripts of package.json', async () => {
    await beginEmpty();
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    const script = async (name: string, ...words: string[]) => {
      const [program = '', ...rest] = scripts[name]?.split(' ') ?? [];
      const env = { DATABASE_URL: database.url };
      const all = [...(program === 'node' ? [] : [resolve(BIN, program)]), ...rest, ...words];
      return (await run(process.execPath, all, { env })).stdout;
    };
    const marks = async (output: Promise<string>) =>
      [...(await output).matchAll(/\[(.)\].*?(\w+\d{13})/g)].map(([, mark, name]) => [name, mark]);
    const names = migrations.map(({ name }) => name);
    expect(await marks(script('migration:show'))).toEqual(names.map((name) => [name, ' ']));
    await script('migration:run');
    expect(await marks(script('migration:show'))).toEqual(names.map((name) => [name, 'X']));
    await script('migration:revert');
    expect(await marks(script('typeorm', 'migration:show'))).toEqual(
      names.map((name) => [name, name === names.at(-1) ? ' ' : 'X']),
    );
    await migrate(dataSource);
    expect(await dataSource.query('SELECT * FROM migrations')).toHaveLength(names.length);
  });
});
