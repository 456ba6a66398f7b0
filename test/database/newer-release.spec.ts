import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource, type MigrationInterface } from 'typeorm';
import { assertMigrated, migrate } from '../../src/database/migrate.js';
import { runCommand } from '../support/command.js';
import { databaseKinds } from '../support/databases.js';
import { itLightOnSqlite } from '../support/full-effort.js';
import { openMigrated, type Migrated } from '../support/migrated.js';
import { Service } from '../support/service.js';

const REFUSAL =
  'the database is of a newer release: it has Future9999000000000, which this release does not know';

describe.each(databaseKinds)('the database of a newer release on %s', (kind) => {
  let migrated: Migrated;

  beforeEach(async () => {
    migrated = await openMigrated(kind);
    await migrated.database.statements.rows(
      'INSERT INTO migrations (timestamp, name) VALUES ($1, $2)',
      [9_999_000_000_000, 'Future9999000000000'],
    );
  });
  afterEach(() => migrated.drop());

  it('is neither migrated nor treated as up to date', async () => {
    await expect(migrate(migrated.database)).rejects.toThrow(REFUSAL);
    await expect(assertMigrated(migrated.database)).rejects.toThrow(REFUSAL);
  });

  if (kind === 'postgres') {
    it('is migrated without a statement timeout, because a large table takes minutes', async () => {
      const timeouts: unknown[] = [];
      const look = async (asked: { query(sql: string): Promise<unknown> }) =>
        void timeouts.push(await asked.query('SHOW statement_timeout'));
      class Newer9999000000001 implements MigrationInterface {
        readonly name = 'Newer9999000000001';
        readonly up = look;
        readonly down = look;
      }
      await migrated.database.statements.rows('DELETE FROM migrations', []);
      const { options } = migrated.database;
      const source = new DataSource(
        Object.assign({}, options, { migrations: [Newer9999000000001] }),
      );
      await source.initialize();
      await migrate(source);
      await Promise.all(Array.from({ length: 3 }, () => look(source)));
      await source.destroy();
      expect(timeouts).toEqual(
        ['0', '30s', '30s', '30s'].map((timeout) => [{ statement_timeout: timeout }]),
      );
    });
  }

  // The refusal has the same words on both databases, so a light run tries one.
  const serving = itLightOnSqlite(kind);
  serving('is not served, and no command works on it', async () => {
    const service = await Service.launch({ DATABASE_URL: migrated.url });
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.stderr).toBe(`tallychat: ${REFUSAL}\n`);
    await service.remove();
    const [admin, audit] = [
      await runCommand('admin', migrated.url, 'create-user', 'ada'),
      await runCommand('audit', migrated.url),
    ];
    expect([admin.code, audit.code]).toEqual([1, 2]);
    expect(admin.stderr).toContain(`admin: ${REFUSAL}\n`);
    expect(audit.stderr).toContain(`audit: ${REFUSAL}\n`);
    expect(await migrated.database.statements.rows('SELECT id FROM users', [])).toEqual([]);
  });
});
