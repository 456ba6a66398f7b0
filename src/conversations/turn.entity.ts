import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { FinishReason } from '../models/provider.js';
import type { Micros } from '../time.js';

export type TurnStatus = 'complete' | 'aborted' | 'failed';

/** How an answer ended: the model's finish reason, or `cancelled` if its caller stopped it. */
export type TurnEnd = FinishReason | 'cancelled';

/** One message of a user and its answer. The id is a UUIDv7 with the time of the question. */
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

  /** The number of the row in the owner's order of saving. There are gaps. */
  @Column({ type: 'bigint', default: 0 })
  ordinal!: number;

  /** The hold that paid for it. Null if it was charged at once. */
  @Index('turns_hold_id', { where: '"hold_id" IS NOT NULL' })
  @Column({ name: 'hold_id', type: 'varchar', length: 36, nullable: true })
  holdId!: string | null;

  @Column({ type: 'text' })
  message!: string;

  @Column({ type: 'text' })
  response!: string;

  /**
   * The thinking of the model, if the provider returned it, otherwise null. It is stored separately from the
   * answer, and costs the same.
   */
  @Column({ type: 'text', nullable: true })
  reasoning!: string | null;

  /** The parts of the thinking that the provider wants back, by field, in JSON. Null if there are none. */
  @Column({ name: 'thought_parts', type: 'text', nullable: true })
  thoughtParts!: string | null;

  /**
   * Message and answer in the form that searches compare. Null if lower case for A to Z is enough for the
   * comparison.
   */
  @Column({ type: 'text', nullable: true })
  folded!: string | null;

  @Column({ type: 'text' })
  model!: string;

  @Column({ type: 'varchar', length: 10 })
  status!: TurnStatus;

  @Column({ name: 'finish_reason', type: 'text' })
  finishReason!: TurnEnd;

  /** The calls of the model, in OpenAI's JSON. Null for an answer that is only text. */
  @Column({ name: 'tool_calls', type: 'text', nullable: true })
  toolCalls!: string | null;

  /** The turn that it continues, if the caller named one. That turn may be deleted. */
  @Column({ name: 'previous_id', type: 'varchar', length: 36, nullable: true })
  previousId!: string | null;

  /** The other fields of the request that its route stores, in JSON. Null if there are none. */
  @Column({ type: 'text', nullable: true })
  request!: string | null;

  /** Model tokens that the price is based on: the provider's count, or our estimate if there is none. */
  @Column({ name: 'prompt_tokens', type: 'bigint' })
  promptTokens!: number;

  @Column({ name: 'completion_tokens', type: 'bigint' })
  completionTokens!: number;

  /** The tokens of the prompt that the provider read from its cache. 0 if it reported none. */
  @Column({ name: 'cached_tokens', type: 'bigint', default: 0 })
  cachedTokens!: number;

  /** The tokens of the answer that are thinking: the provider's count, or our estimate for a stopped answer, or 0. */
  @Column({ name: 'reasoning_tokens', type: 'bigint', default: 0 })
  reasoningTokens!: number;

  /** The price of the turn, in whole tokens of the wallet. */
  @Column({ type: 'bigint' })
  amount!: number;

  /** The tokens that the owner could spend afterwards. A replayed answer returns the same number. */
  @Column({ name: 'available_after', type: 'bigint' })
  availableAfter!: number;

  /** The credential of the request. */
  @Column({ name: 'credential_id', type: 'varchar', length: 36 })
  credentialId!: string;

  /** The name of the API key at that time. Null for a session. */
  @Column({ name: 'key_name', type: 'text', nullable: true })
  keyName!: string | null;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;
}
