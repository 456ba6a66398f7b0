import { Injectable } from '@nestjs/common';
import { newId } from '../new-id.js';
import type { CallerSignal } from '../database/transactions/batched-transaction.js';
import type { Turn } from '../conversations/turn.entity.js';
import { throwOwnerGone } from '../conversations/owner-gone.js';
import { isFlat } from '../models/pricing.js';
import type { Principal } from '../principal.js';
import { ChargesService, type Charge } from '../wallet/charges.service.js';
import type { Stored } from '../wallet/stored.js';
import { outcomeOf, type Outcome } from './outcome.js';
import { requestOf, type Plan } from './planner.js';
import type { Question } from './question.js';
import { bytesOf, contentOf, storageOfNewConversation } from './turn-content.js';
import { ledgerNote, TurnWriter } from './turn-writer.js';

/**
 * Answers at once, if the model runs in this process and the price is known beforehand. Nothing is waited for between
 * the price and the answer. So one transaction charges the price and saves the turn, and there is no hold.
 */
@Injectable()
export class InstantAnswerService {
  constructor(
    private readonly charges: ChargesService,
    private readonly turns: TurnWriter,
  ) {}

  /**
   * Returns whether the question may be answered at once. With a key or a conversation, rows must be locked or read
   * before the model is asked, so those answers are held.
   */
  static mayAnswer({ idempotencyKey, conversationId, prepare }: Question): boolean {
    return idempotencyKey === undefined && conversationId === undefined && prepare === undefined;
  }

  /**
   * Answers, charges and saves, all or nothing. Returns undefined, and changes nothing, if the model cannot answer
   * at once or the caller left while the transaction waited. Throws `InsufficientBalance` and `StorageFull`.
   */
  async answer(
    principal: Principal,
    question: Question,
    plan: Plan,
    signal: CallerSignal,
  ): Promise<Turn | undefined> {
    const { model } = plan;
    const { provider, price } = model;
    if (!provider.answer || !provider.draft || !isFlat(price) || signal.aborted) return;
    const request = requestOf(plan, question, plan.maxTokens);
    const [turnId, conversationId] = [newId(), newId()];
    const response = provider.draft(request);
    const content = contentOf(principal, question, {
      response,
      reasoning: '',
      thoughtParts: '',
      toolCalls: [],
    });
    const opened = storageOfNewConversation(question);
    const bytes = opened.bytes + bytesOf(content, question);
    const stored = { bytes, conversations: opened.conversations };
    const charge = chargeOf(principal, price.perMessage, model.id, turnId, stored);
    let outcome: Outcome | undefined;
    const answer = provider.answer.bind(provider);
    const modelId = model.id;
    const paid = this.charges.pay(charge, signal, (tx, { charged, available, ordinal }) => {
      // The transaction may run again. The answer must stay the same.
      if (!outcome) {
        const done = answer(request);
        const heldRequest = { model, request, held: charged };
        outcome = outcomeOf(heldRequest, {
          status: 'complete',
          ending: 'complete',
          text: done.text,
          toolCalls: [],
          done,
        });
      }
      const ended = { principal, turnId, conversationId, question, modelId, content, outcome };
      return this.turns.saveFirst(tx, ended, { holdId: null, charged, available, ordinal });
    });
    return paid.catch((error: unknown) => {
      if (signal.aborted && error === signal.reason) return undefined;
      return throwOwnerGone(error);
    });
  }
}

/**
 * Returns the charge for an answer. It is built field by field, because a spread makes V8 look up and add each field
 * by its name.
 */
function chargeOf(
  principal: Principal,
  amount: number,
  modelId: string,
  turnId: string,
  stored: Stored,
): Charge {
  const { reason, model, credentialId, keyName } = ledgerNote(principal, modelId, turnId);
  return {
    ownerId: principal.userId,
    amount,
    capId: principal.key?.capId,
    stored,
    reason,
    turnId,
    model,
    credentialId,
    keyName,
  };
}
