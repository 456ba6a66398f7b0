import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The id that a client of the owner has given to a conversation. */
@Entity('client_chats', { withoutRowid: true })
export class ClientChat {
  @PrimaryColumn({ name: 'owner_id', type: 'varchar', length: 36 })
  ownerId!: string;

  /** The client's own id. It can be any text. */
  @PrimaryColumn({ name: 'chat_id', type: 'varchar', length: 128 })
  chatId!: string;

  @Index('client_chats_conversation_id')
  @Column({ name: 'conversation_id', type: 'varchar', length: 36 })
  conversationId!: string;
}
