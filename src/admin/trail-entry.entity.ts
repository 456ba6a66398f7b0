import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** The operator actions that the trail records. */
export const OPERATOR_ACTIONS = [
  'create_user',
  'activate',
  'deactivate',
  'make_staff',
  'revoke_staff',
  'end_sessions',
  'grant',
  'make_code',
  'password_link',
  'import_people',
] as const;
export type OperatorAction = (typeof OPERATOR_ACTIONS)[number];

/**
 * One change by an operator. Rows are only added. The row stores ids of users, and the trail looks up their
 * names when it is read, so a deleted user's name is not shown.
 */
@Entity('trail_entries', { withoutRowid: true })
@Index('trail_entries_ordinal', ['ordinal', 'id'])
export class TrailEntry {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  /** The operator; null for a command from a shell. */
  @Column({ name: 'operator_id', type: 'varchar', length: 36, nullable: true })
  operatorId!: string | null;

  @Column({ type: 'varchar', length: 20 })
  action!: OperatorAction;

  /** The changed user or redemption code; for an import, where the users came from. */
  @Column({ name: 'target_id', type: 'varchar', length: 36 })
  targetId!: string;

  /** The reason in the operator's words; empty if none was given. */
  @Column({ type: 'text' })
  reason!: string;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;

  /** Numbers entries in the order of saving; 0 for entries made before this column existed. */
  @Column({ type: 'bigint', default: 0 })
  ordinal!: number;
}
