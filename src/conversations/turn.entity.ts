import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { FinishReason } from '../models/providers/provider.js';
import type { Micros } from '../time.js';

export type TurnStatus = 'complete' | 'aborted' | 'failed';

/** How an answer ended, in the model's word; or its caller did not want the rest. */
export type TurnEnd = FinishReason | 'cancelled';

/** One message of a person and its answer. The id is a UUIDv7 of the moment when it was asked. */
@Entity('turns', { withoutRowid: true })
@Index('turns_owner_ordinal', ['ownerId', 'ordinal'], { unique: true })
@Index('turns_conversation_ordinal', ['conversationId', 'ordinal'])
export class Turn {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'owner_id', type: 'varchar', length: 36 })
  ownerId!: string;

  @Column({ name: 'conversation_id', type: 'varchar', length: 36 })
  conversationId!: string;

  /** Numbers what is saved for the owner, in the order of saving; there are gaps. */
  @Column({ type: 'bigint', default: 0 })
  ordinal!: number;

  /** The hold that paid for it; null for what was charged at once. */
  @Index('turns_hold_id', { where: '"hold_id" IS NOT NULL' })
  @Column({ name: 'hold_id', type: 'varchar', length: 36, nullable: true })
  holdId!: string | null;

  @Column({ type: 'text' })
  message!: string;

  @Column({ type: 'text' })
  response!: string;

  /** What the model thought, as far as it told; null where it did not. Apart from the answer, and paid like it. */
  @Column({ type: 'text', nullable: true })
  reasoning!: string | null;

  /** Message and answer as searches compare them, where that is more than small letters for A to Z. */
  @Column({ type: 'text', nullable: true })
  folded!: string | null;

  @Column({ type: 'text' })
  model!: string;

  @Column({ type: 'varchar', length: 10 })
  status!: TurnStatus;

  @Column({ name: 'finish_reason', type: 'text' })
  finishReason!: TurnEnd;

  /** What the model wants called, in OpenAI's JSON; null for an answer of text alone. */
  @Column({ name: 'tool_calls', type: 'text', nullable: true })
  toolCalls!: string | null;

  /** The turn that it goes on with, where the caller named one. It may be gone since. */
  @Column({ name: 'previous_id', type: 'varchar', length: 36, nullable: true })
  previousId!: string | null;

  /** What the caller asked beside the message, as the door that took it keeps it, in JSON; null for nothing. */
  @Column({ type: 'text', nullable: true })
  request!: string | null;

  /** Model tokens as they were priced: the provider's word, or our estimate without one. */
  @Column({ name: 'prompt_tokens', type: 'bigint' })
  promptTokens!: number;

  @Column({ name: 'completion_tokens', type: 'bigint' })
  completionTokens!: number;

  /** Of the prompt's, those that the provider read from its cache; 0 where it told none. */
  @Column({ name: 'cached_tokens', type: 'bigint', default: 0 })
  cachedTokens!: number;

  /** Of the answer's, those that were thought; 0 where the provider told none. */
  @Column({ name: 'reasoning_tokens', type: 'bigint', default: 0 })
  reasoningTokens!: number;

  /** What the turn cost, in whole tokens of the wallet. */
  @Column({ type: 'bigint' })
  amount!: number;

  /** What the owner could spend after it: a replayed answer says the same. */
  @Column({ name: 'available_after', type: 'bigint' })
  availableAfter!: number;

  /** The credential it was asked with. */
  @Column({ name: 'credential_id', type: 'varchar', length: 36 })
  credentialId!: string;

  /** What its owner called the API key then; null for a session. */
  @Column({ name: 'key_name', type: 'text', nullable: true })
  keyName!: string | null;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;
}
