import { Injectable, Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { nowMicros } from '../time.js';
import type { Tx } from '../database/tx.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Unavailable } from '../errors.js';
import type { Principal } from '../principal.js';
import { ChargesService } from '../wallet/charges.service.js';
import { HoldsService } from '../wallet/holds.service.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import type { Outcome } from './outcome.js';
import type { Question } from './question.js';
import { Turn } from '../conversations/turn.entity.js';

/** An answer that has ended, and whose hold is to be resolved. */
export interface EndedAnswer {
  readonly principal: Principal;
  readonly holdId: string;
  /** Made when the question came: a stream names its turn before that is saved. */
  readonly turnId: string;
  readonly question: Question;
  readonly modelId: string;
  readonly outcome: Outcome;
}

/** An answer whose price is known before it is made, and that is made without waiting. */
export interface Instant {
  readonly principal: Principal;
  readonly question: Question;
  readonly modelId: string;
  /** In whole tokens of the wallet. */
  readonly amount: number;
}

/** Ends a paid message: takes the price and saves the turn, both or neither. */
@Injectable()
export class SettlementService {
  private readonly logger = new Logger(SettlementService.name);

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly holds: HoldsService,
    private readonly charges: ChargesService,
    private readonly conversations: ConversationsService,
  ) {}

  /** Returns the saved turn. Throws `Unavailable` when the hold had expired: then nothing was taken. */
  async settle(settled: EndedAnswer): Promise<Turn> {
    try {
      return await this.unitOfWork.run((tx) => this.resolve(tx, settled));
    } catch (error) {
      await this.giveBack(settled.holdId);
      throw error;
    }
  }

  /**
   * Hold, answer and capture in one transaction. `answer` is called once, when the price is taken; without
   * money `InsufficientBalance` is thrown. Throws the reason of `gone` where the caller has left before.
   */
  settleAtOnce(
    { principal, question, modelId, amount }: Instant,
    gone: AbortSignal,
    answer: () => Outcome,
  ): Promise<Turn> {
    const turnId = uuidv7();
    const charge = { ownerId: principal.userId, amount, reason: reasonOf(modelId), turnId };
    let outcome: Outcome | undefined;
    return this.charges.pay(charge, gone, (tx, { holdId, available }) => {
      // The transaction may run again: what was answered stays.
      outcome ??= answer();
      return this.save(tx, { principal, holdId, turnId, question, modelId, outcome }, available);
    });
  }

  /** A failed answer gives the hold back and frees its key; any other is captured, at its price. */
  private async resolve(tx: Tx, settled: EndedAnswer): Promise<Turn> {
    const { holdId, turnId, outcome, principal } = settled;
    if (outcome.status === 'failed') {
      // Once it has expired, nothing keeps its conversation from being deleted: there may be no place to save to.
      if (!(await this.holds.release(tx, holdId, 'released'))) throw expired();
      const available = await this.holds.availableIn(tx, principal.userId);
      return this.save(tx, settled, available);
    }
    const why = { reason: reasonOf(settled.modelId), turnId };
    const settlement = await this.holds.capture(tx, holdId, outcome.amount, why);
    if (!settlement) throw expired();
    return this.save(tx, settled, settlement.available);
  }

  private save(tx: Tx, settled: EndedAnswer, availableAfter: number): Turn {
    const { principal, holdId, turnId, question, modelId, outcome } = settled;
    const ownerId = principal.userId;
    const message = storable(question.message);
    const conversationId = question.conversationId ?? uuidv7();
    if (question.conversationId === undefined) {
      const opened = {
        id: conversationId,
        ownerId,
        title: message,
        model: null,
        system: null,
      };
      this.conversations.open(tx, opened);
    }
    const { toolCalls } = outcome;
    // Field by field: an object that is spread into another becomes a dictionary, of several kilobytes.
    const turn: Turn = {
      id: turnId,
      ownerId,
      conversationId,
      holdId,
      message,
      response: storable(outcome.response),
      status: outcome.status,
      finishReason: outcome.finishReason,
      model: modelId,
      promptTokens: outcome.promptTokens,
      completionTokens: outcome.completionTokens,
      amount: outcome.amount,
      toolCalls: toolCalls.length > 0 ? JSON.stringify(toolCalls) : null,
      availableAfter,
      credentialId: principal.credentialId,
      createdAt: nowMicros(),
    };
    tx.insertLater(Turn, turn);
    return turn;
  }

  /** A failure here must not hide the one that brought us here; the hold then expires by itself. */
  private async giveBack(holdId: string): Promise<void> {
    try {
      await this.unitOfWork.run((tx) => this.holds.release(tx, holdId, 'released'));
    } catch (error) {
      this.logger.error({ err: error, holdId }, 'a hold was left to expire');
    }
  }
}

const expired = () => new Unavailable('The answer took too long. Nothing was charged.', 1);

const reasonOf = (modelId: string) => `chat message to ${modelId}`;

/** PostgreSQL's text has no NUL, and UTF-8 no half characters: a model, or a caller, may send both. */
function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}
