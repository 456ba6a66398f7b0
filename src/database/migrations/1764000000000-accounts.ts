import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';
import { flag, id, text, whole } from './columns.js';

const accounts = [
  new Table({
    name: 'users',
    columns: [
      id('id', { isPrimary: true }),
      text('username'),
      text('username_key', { isUnique: true }),
      text('email'),
      text('password_hash'),
      flag('is_active'),
      flag('is_staff'),
      whole('created_at'),
    ],
  }),
  new Table({
    name: 'access_tokens',
    columns: [
      id('id', { isPrimary: true }),
      { name: 'digest', type: 'varchar', length: '64', isUnique: true },
      id('user_id'),
      whole('created_at'),
      whole('last_used_at'),
    ],
    indices: [{ name: 'access_tokens_user_id', columnNames: ['user_id'] }],
    foreignKeys: [
      {
        name: 'access_tokens_user',
        columnNames: ['user_id'],
        referencedTableName: 'users',
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
      },
    ],
  }),
  new Table({
    name: 'jwt_families',
    columns: [
      id('id', { isPrimary: true }),
      id('user_id'),
      id('refresh_jti'),
      whole('expires_at'),
      whole('created_at'),
    ],
    indices: [{ name: 'jwt_families_user_id', columnNames: ['user_id'] }],
    foreignKeys: [
      {
        name: 'jwt_families_user',
        columnNames: ['user_id'],
        referencedTableName: 'users',
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
      },
    ],
  }),
];

/** People and their credentials. */
export class Accounts1764000000000 implements MigrationInterface {
  readonly name = 'Accounts1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of accounts) await queryRunner.createTable(table);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of [...accounts].reverse()) await queryRunner.dropTable(table);
  }
}
