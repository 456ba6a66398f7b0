import { Injectable } from '@nestjs/common';
import { ClientChats } from '../conversations/client-chats.service.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { InsufficientBalance } from '../errors.js';
import { affordable, ceiling, isFlat } from '../models/pricing.js';
import type { Principal } from '../principal.js';
import { HoldsService } from '../wallet/holds.service.js';
import type { IdempotencyRecord } from '../wallet/idempotency-record.js';
import { WalletService } from '../wallet/wallet.service.js';
import type { Plan } from './planner.js';
import type { Question } from './question.js';

/** What was set aside for an answer, and how long the answer may be for it. */
export interface AnswerHold {
  readonly holdId: string;
  /** In whole tokens of the wallet. */
  readonly held: number;
  /** In model tokens: for the model that is asked first, and for each of its fallbacks. */
  readonly maxTokens: readonly number[];
}

const ATTEMPTS_MAX = 3;

/** Sets the price of an answer aside before a model is asked. */
@Injectable()
export class AnswerHoldService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly wallets: WalletService,
    private readonly holds: HoldsService,
    private readonly conversations: ConversationsService,
    private readonly clientChats: ClientChats,
  ) {}

  /**
   * Holds the ceiling of the dearest model that may answer, or what the wallet affords of it: then the answer may be shorter. The amount comes from
   * a reading that a rival may have outdated, so the hold itself is guarded, and the amount is computed again
   * a bounded number of times. Throws `InsufficientBalance` and `ConversationBusy`; a second hold with the
   * same Idempotency-Key violates its unique key.
   */
  async open(
    payer: Principal,
    plan: Plan,
    question: Question,
    idempotency: IdempotencyRecord | undefined,
  ): Promise<AnswerHold> {
    const plans = [plan, ...plan.fallbacks];
    const isKnown = plans.every(({ model }) => isFlat(model.price));
    for (let attempt = 1; ; attempt += 1) {
      const spendable = isKnown
        ? Infinity
        : await this.wallets.spendable(payer.userId, payer.key?.capId);
      const limits = plans.map(({ model: { price }, promptTokens, maxTokens: wanted }) => {
        // If not even one token is affordable, hold the minimum anyway: the 402 then reports it.
        const maxTokens = affordable(price, promptTokens, wanted, spendable) ?? 1;
        return { maxTokens, ceiling: ceiling(price, promptTokens, maxTokens) };
      });
      const held = Math.max(...limits.map((limit) => limit.ceiling));
      const maxTokens = limits.map((limit) => limit.maxTokens);
      try {
        return { holdId: await this.take(payer, held, question, idempotency), held, maxTokens };
      } catch (error) {
        const mayBeOutdated = error instanceof InsufficientBalance && held <= spendable;
        if (!mayBeOutdated || attempt === ATTEMPTS_MAX || spendable === Infinity) throw error;
      }
    }
  }

  /** The hold and, where there is one, the conversation: both or neither. */
  private take(
    { userId: ownerId, key }: Principal,
    amount: number,
    { conversationId, message, previousId, opens, chatId = '' }: Question,
    idempotency: IdempotencyRecord | undefined,
  ): Promise<string> {
    const spend = { ownerId, amount, capId: key?.capId, idempotency };
    return this.unitOfWork.run(async (tx) => {
      if (opens !== undefined) {
        const busyHoldId = await this.holds.hold(tx, spend);
        const opened = { id: opens, ownerId, title: message, model: null, system: null };
        this.conversations.open(tx, { ...opened, busyHoldId });
        this.clientChats.add(tx, { ownerId, chatId, conversationId: opens });
        return busyHoldId;
      }
      if (conversationId === undefined) return this.holds.hold(tx, spend);
      // Who names the turn to go on with needs no order among those that do.
      if (previousId === undefined)
        await this.conversations.lockForAnswer(tx, ownerId, conversationId);
      else await this.conversations.lock(tx, ownerId, conversationId);
      const holdId = await this.holds.hold(tx, spend);
      await this.conversations.occupy(tx, conversationId, holdId, message);
      return holdId;
    });
  }
}
