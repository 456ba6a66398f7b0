import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** An ordered list of turns. A message without a conversation opens one. */
@Entity('conversations', { withoutRowid: true })
@Index('conversations_owner_ordinal', ['ownerId', 'ordinal'], { unique: true })
export class Conversation {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'owner_id', type: 'varchar', length: 36 })
  ownerId!: string;

  @Column({ type: 'text' })
  title!: string;

  /** The model that answers unless a message names another one. Null for the default model. */
  @Column({ type: 'text', nullable: true })
  model!: string | null;

  /** The text that the model is sent before all messages. */
  @Column({ type: 'text', nullable: true })
  system!: string | null;

  /** The number of the row in the owner's order of saving. There are gaps. */
  @Column({ type: 'bigint', default: 0 })
  ordinal!: number;

  /**
   * The hold of the answer under way, which has the id of its turn. While it is open, a second message gets
   * 409.
   */
  @Column({ name: 'busy_hold_id', type: 'varchar', length: 36, nullable: true })
  busyHoldId!: string | null;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;

  @Column({ name: 'updated_at', type: 'bigint' })
  updatedAt!: Micros;
}
