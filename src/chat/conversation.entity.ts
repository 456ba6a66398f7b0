import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../database/instant.js';

/** A thread of turns. A message sent on its own opens one. */
@Entity('conversations')
@Index('conversations_owner_id', ['ownerId', 'id'])
export class Conversation {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'owner_id', type: 'varchar', length: 36 })
  ownerId!: string;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;
}
