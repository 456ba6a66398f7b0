import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';
import { id, whole } from './columns.js';

const rotations = new Table({
  withoutRowid: true,
  name: 'jwt_rotations',
  columns: [
    id('jti', { isPrimary: true }),
    id('family_id'),
    id('successor_jti'),
    whole('rotated_at'),
  ],
  indices: [{ name: 'jwt_rotations_family_id', columnNames: ['family_id'] }],
  foreignKeys: [
    {
      name: 'jwt_rotations_family',
      columnNames: ['family_id'],
      referencedTableName: 'jwt_families',
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
});

/** What a refresh token that is used twice is answered. */
export class JwtRotations1764000021000 implements MigrationInterface {
  readonly name = 'JwtRotations1764000021000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(rotations);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable(rotations);
  }
}
