import { Injectable } from '@nestjs/common';
import { ConversationsService } from '../conversations/conversations.service.js';
import { Turn } from '../conversations/turn.entity.js';
import type { Tx } from '../database/tx.js';
import type { Principal } from '../principal.js';
import { nowMicros } from '../time.js';
import type { LedgerNote } from '../wallet/spending.js';
import type { Outcome } from './outcome.js';
import type { Question } from './question.js';
import { storable } from './storable.js';
import type { TurnContent } from './turn-content.js';

/** An answer that has ended. */
export interface EndedAnswer {
  readonly principal: Principal;
  /** Made when the question came: a stream names its turn before that is saved. */
  readonly turnId: string;
  readonly conversationId: string;
  readonly question: Question;
  readonly modelId: string;
  readonly content: TurnContent;
  readonly outcome: Omit<Outcome, 'amount'>;
  /** False for an answer whose conversation or owner is gone, or whose caller wants none kept: nothing of it is saved. */
  readonly isKept?: boolean;
}

/** What the wallet says of its payment, in whole tokens. */
export interface Payment {
  /** The hold that was captured or released; null for what was charged at once. */
  readonly holdId: string | null;
  readonly charged: number;
  /** What the owner may spend after it. */
  readonly available: number;
  /** Where the turn stands in the order in which its owner's are saved. */
  readonly ordinal: number;
}

/** Saves turns, in the transaction that pays for them. */
@Injectable()
export class TurnWriter {
  constructor(private readonly conversations: ConversationsService) {}

  /** Opens the turn's conversation, and saves the turn in it, where anything is to be kept. */
  saveFirst(tx: Tx, ended: EndedAnswer, payment: Payment): Turn {
    if (ended.question.isKept !== false)
      this.conversations.open(tx, {
        id: ended.conversationId,
        ownerId: ended.principal.userId,
        title: storable(ended.question.message),
        model: null,
        system: null,
        busyHoldId: null,
        ordinal: payment.ordinal,
      });
    return this.save(tx, ended, payment);
  }

  /** Saves the turn. It says what the wallet was charged, so the two cannot differ. */
  save(tx: Tx, ended: EndedAnswer, payment: Payment): Turn {
    const { principal, turnId, question, modelId, outcome, content } = ended;
    const { isKept = question.isKept ?? true } = ended;
    // Field by field: an object that is spread into another becomes a dictionary, of several kilobytes.
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

/** What the ledger says of a turn's charge. */
export function ledgerNote(
  { credentialId, key }: Principal,
  model: string,
  turnId: string,
): LedgerNote {
  const reason = `chat message to ${model}`;
  return { reason, turnId, model, credentialId, keyName: key?.name ?? null };
}
