import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** A thread of turns. A message sent on its own opens one. */
@Entity('conversations', { withoutRowid: true })
@Index('conversations_owner_ordinal', ['ownerId', 'ordinal'], { unique: true })
@Index('conversations_owner_updated', ['ownerId', 'updatedAt', 'id'])
export class Conversation {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'owner_id', type: 'varchar', length: 36 })
  ownerId!: string;

  @Column({ type: 'text' })
  title!: string;

  /** The model that answers here unless a message names another; null for the default. */
  @Column({ type: 'text', nullable: true })
  model!: string | null;

  /** What the model is told before anything else. */
  @Column({ type: 'text', nullable: true })
  system!: string | null;

  /** Numbers what is saved for the owner, in the order of saving; there are gaps. */
  @Column({ type: 'bigint', default: 0 })
  ordinal!: number;

  /** The hold of the answer under way, which has the id of its turn: while it is open, a second one has to wait. */
  @Column({ name: 'busy_hold_id', type: 'varchar', length: 36, nullable: true })
  busyHoldId!: string | null;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;

  @Column({ name: 'updated_at', type: 'bigint' })
  updatedAt!: Micros;
}
