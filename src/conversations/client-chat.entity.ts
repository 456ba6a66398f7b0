import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A conversation by the name that a client of its owner's gave it. */
@Entity('client_chats', { withoutRowid: true })
export class ClientChat {
  @PrimaryColumn({ name: 'owner_id', type: 'varchar', length: 36 })
  ownerId!: string;

  /** The client's own id: any text. */
  @PrimaryColumn({ name: 'chat_id', type: 'varchar', length: 128 })
  chatId!: string;

  @Index('client_chats_conversation_id')
  @Column({ name: 'conversation_id', type: 'varchar', length: 36 })
  conversationId!: string;
}
