import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { ConversationsService } from '../conversations/conversations.service.js';
import { Turn } from '../conversations/turn.entity.js';
import type { Tx } from '../database/tx.js';
import type { Principal } from '../principal.js';
import { nowMicros } from '../time.js';
import type { LedgerNote } from '../wallet/spending.js';
import type { Outcome } from './outcome.js';
import type { Question } from './question.js';

/** An answer that has ended. */
export interface EndedAnswer {
  readonly principal: Principal;
  /** Made when the question came: a stream names its turn before that is saved. */
  readonly turnId: string;
  readonly question: Question;
  readonly modelId: string;
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
}

/** Saves turns, in the transaction that pays for them. */
@Injectable()
export class TurnWriter {
  constructor(private readonly conversations: ConversationsService) {}

  /**
   * Saves the turn, and opens its conversation where it goes on with none. The turn says what the wallet was
   * charged, so the two cannot differ.
   */
  save(tx: Tx, ended: EndedAnswer, payment: Payment): Turn {
    const { principal, turnId, question, modelId, outcome } = ended;
    const { isKept = question.isKept ?? true } = ended;
    const ownerId = principal.userId;
    const message = storable(question.message);
    const thread = question.conversationId ?? question.opens;
    const conversationId = thread ?? uuidv7();
    if (isKept && thread === undefined) {
      const opened = { id: conversationId, ownerId, title: message, model: null, system: null };
      this.conversations.open(tx, opened);
    }
    const { toolCalls } = outcome;
    // Field by field: an object that is spread into another becomes a dictionary, of several kilobytes.
    const turn: Turn = {
      id: turnId,
      ownerId,
      conversationId,
      holdId: payment.holdId,
      message,
      response: storable(outcome.response),
      reasoning: outcome.reasoning === '' ? null : storable(outcome.reasoning),
      status: outcome.status,
      finishReason: outcome.finishReason,
      model: modelId,
      previousId: question.previousId ?? null,
      request: question.request ?? null,
      promptTokens: outcome.promptTokens,
      completionTokens: outcome.completionTokens,
      amount: payment.charged,
      toolCalls: toolCalls.length > 0 ? JSON.stringify(toolCalls) : null,
      availableAfter: payment.available,
      credentialId: principal.credentialId,
      keyName: principal.key?.name ?? null,
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

/** PostgreSQL's text has no NUL, and UTF-8 no half characters: a model, or a caller, may send both. */
function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}
