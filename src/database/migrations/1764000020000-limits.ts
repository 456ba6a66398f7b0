import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';
import { id, whole } from './columns.js';

const loginNetworks = new Table({
  withoutRowid: true,
  name: 'login_networks',
  columns: [
    id('user_id', { isPrimary: true }),
    { name: 'digest', type: 'varchar', length: '64', isPrimary: true },
    whole('last_used_at'),
  ],
  foreignKeys: [
    {
      name: 'login_networks_user',
      columnNames: ['user_id'],
      referencedTableName: 'users',
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
});

/**
 * What the limits remember. The counters are on PostgreSQL alone, for an SQLite file has one process; they
 * are not logged, so that a crash of PostgreSQL empties them, and counting costs no write-ahead log.
 */
export class Limits1764000020000 implements MigrationInterface {
  readonly name = 'Limits1764000020000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(loginNetworks);
    if (queryRunner.connection.options.type !== 'postgres') return;
    await queryRunner.query(`CREATE UNLOGGED TABLE rate_counters (
      key text PRIMARY KEY,
      tick bigint NOT NULL,
      counts int[] NOT NULL,
      granted int NOT NULL,
      quota int NOT NULL,
      expires_at bigint NOT NULL
    ) WITH (fillfactor = 50)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    if (queryRunner.connection.options.type === 'postgres') {
      await queryRunner.query('DROP TABLE rate_counters');
    }
    await queryRunner.dropTable(loginNetworks);
  }
}
