import {
  Table,
  TableForeignKey,
  TableIndex,
  type MigrationInterface,
  type QueryRunner,
} from 'typeorm';
import { id, whole } from './columns.js';
import { suspendForeignKeys } from './foreign-keys.js';

const passwordResets = new Table({
  name: 'password_resets',
  withoutRowid: true,
  columns: [
    id('id', { isPrimary: true }),
    { name: 'digest', type: 'varchar', length: '64', isUnique: true },
    id('user_id'),
    whole('expires_at'),
    whole('created_at'),
  ],
  indices: [{ name: 'password_resets_user_id', columnNames: ['user_id'] }],
  foreignKeys: [
    {
      name: 'password_resets_user',
      columnNames: ['user_id'],
      referencedTableName: 'users',
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
});

const byEmail = new TableIndex({
  name: 'users_email',
  columnNames: ['email'],
  where: `"email" <> ''`,
});
const staff = new TableIndex({ name: 'users_staff', columnNames: ['id'], where: '"is_staff"' });

/** What is saved for somebody who was deleted meanwhile is refused by the database itself. */
const ownedBy = new TableForeignKey({
  name: 'conversations_owner',
  columnNames: ['owner_id'],
  referencedTableName: 'users',
  referencedColumnNames: ['id'],
  onDelete: 'CASCADE',
});

/** Links by which a password is set, whom an address or the staff belongs to, and an owner for every conversation. */
export class People1764000030000 implements MigrationInterface {
  readonly name = 'People1764000030000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(passwordResets);
    await queryRunner.createIndex('users', byEmail);
    await queryRunner.createIndex('users', staff);
    for (const table of ['turns', 'conversations']) {
      await queryRunner.query(
        `DELETE FROM ${table} WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = owner_id)`,
      );
    }
    await queryRunner.createForeignKey('conversations', ownedBy);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await suspendForeignKeys(queryRunner);
    await queryRunner.dropForeignKey('conversations', ownedBy);
    await queryRunner.dropIndex('users', staff);
    await queryRunner.dropIndex('users', byEmail);
    await queryRunner.dropTable(passwordResets);
  }
}
