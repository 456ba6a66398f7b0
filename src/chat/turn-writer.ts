import { Injectable } from '@nestjs/common';
import { ConversationsService } from '../conversations/conversations.service.js';
import { Turn } from '../conversations/turn.entity.js';
import type { Tx } from '../database/transactions/tx.js';
import type { Principal } from '../principal.js';
import { nowMicros } from '../time.js';
import type { LedgerNote } from '../wallet/spending.js';
import type { Outcome } from './outcome.js';
import type { Question } from './question.js';
import { toStorableText } from '../database/storable-text.js';
import type { TurnContent } from './turn-content.js';

/** An answer that has ended. */
export interface EndedAnswer {
  readonly principal: Principal;
  /** Made when the question arrived, because a stream names its turn before the turn is saved. */
  readonly turnId: string;
  readonly conversationId: string;
  readonly question: Question;
  readonly modelId: string;
  readonly content: TurnContent;
  readonly outcome: Omit<Outcome, 'amount'>;
  /**
   * False if the conversation or its owner was deleted, or the caller wants nothing stored. Then the turn is
   * not saved.
   */
  readonly isKept?: boolean;
}

/** The wallet's result of a payment, in whole tokens. */
export interface Payment {
  /** The hold that was captured or released; null for a charge without a hold. */
  readonly holdId: string | null;
  readonly charged: number;
  /** What the owner can spend after it. */
  readonly available: number;
  /** The turn's place in the order in which the owner's turns are saved. */
  readonly ordinal: number;
}

/** Saves turns in the transaction that pays for them. */
@Injectable()
export class TurnWriter {
  constructor(private readonly conversations: ConversationsService) {}

  /** Opens the turn's conversation and saves the turn in it. Saves nothing if the question is not to be kept. */
  saveFirst(tx: Tx, ended: EndedAnswer, payment: Payment): Turn {
    if (ended.question.isKept !== false)
      this.conversations.open(tx, {
        id: ended.conversationId,
        ownerId: ended.principal.userId,
        title: toStorableText(ended.question.message),
        model: null,
        system: null,
        busyHoldId: null,
        ordinal: payment.ordinal,
      });
    return this.save(tx, ended, payment);
  }

  /**
   * Builds the turn, saves it unless it is not to be kept, and returns it. Its amount is the one that the
   * wallet was charged, so the two cannot differ.
   */
  save(tx: Tx, ended: EndedAnswer, payment: Payment): Turn {
    const { principal, turnId, question, modelId, outcome, content } = ended;
    const { isKept = question.isKept ?? true } = ended;
    // Written field by field, because spreading one object into another makes V8 use a dictionary of several
    // kilobytes.
    const turn: Turn = {
      id: turnId,
      ownerId: principal.userId,
      conversationId: ended.conversationId,
      ordinal: payment.ordinal,
      holdId: payment.holdId,
      message: content.message,
      response: content.response,
      folded: content.folded,
      reasoning: content.reasoning,
      thoughtParts: content.thoughtParts,
      status: outcome.status,
      finishReason: outcome.finishReason,
      model: modelId,
      previousId: question.previousId ?? null,
      request: content.request,
      promptTokens: outcome.promptTokens,
      completionTokens: outcome.completionTokens,
      cachedTokens: outcome.cachedTokens,
      reasoningTokens: outcome.reasoningTokens,
      amount: payment.charged,
      toolCalls: content.toolCalls,
      availableAfter: payment.available,
      credentialId: principal.credentialId,
      keyName: content.keyName,
      createdAt: nowMicros(),
    };
    if (isKept) tx.insertLater(Turn, turn);
    return turn;
  }
}

/** Returns the note of a turn's charge for the ledger. */
export function ledgerNote(
  { credentialId, key }: Principal,
  model: string,
  turnId: string,
): LedgerNote {
  const reason = `chat message to ${model}`;
  return { reason, turnId, model, credentialId, keyName: key?.name ?? null };
}
