import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** What an operator can do that the trail tells. */
export type OperatorAction =
  | 'create_user'
  | 'activate'
  | 'deactivate'
  | 'make_staff'
  | 'revoke_staff'
  | 'end_sessions'
  | 'grant'
  | 'make_code'
  | 'password_link'
  | 'import_people';

/**
 * One change by an operator. Only ever added to. People stand here by their ids: the names are looked up when
 * the trail is read, so that nobody who was deleted is named.
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

  /** The user, or the redemption code, that it was done to; for an import, where people came from. */
  @Column({ name: 'target_id', type: 'varchar', length: 36 })
  targetId!: string;

  /** Why, in the operator's words; empty where none were asked for. */
  @Column({ type: 'text' })
  reason!: string;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;

  /** Numbers entries in the order of saving; 0 for those from before they were numbered. */
  @Column({ type: 'bigint', default: 0 })
  ordinal!: number;
}
