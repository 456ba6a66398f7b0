import { Injectable } from '@nestjs/common';
import { ClientChats } from '../conversations/client-chats.service.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { throwOwnerGone } from '../database/database-errors.js';
import type { Tx } from '../database/tx.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { DatabaseUnavailable, InsufficientBalance } from '../errors.js';
import { affordable, ceiling, isFlat } from '../models/pricing.js';
import type { Principal } from '../principal.js';
import { GatheredHolds } from '../wallet/gathered-holds.service.js';
import { HoldsService, type AnswerSpend } from '../wallet/holds.service.js';
import type { IdempotencyRecord } from '../wallet/idempotency-record.js';
import { WalletService } from '../wallet/wallet.service.js';
import type { Plan } from './planner.js';
import type { Question } from './question.js';
import { storable } from './storable.js';
import { bytesOf, contentOf, storedByOpening } from './turn-content.js';

/** What was set aside for an answer, and how long the answer may be for it. */
export interface AnswerHold {
  /** In whole tokens of the wallet. */
  readonly held: number;
  /** In model tokens: for the model that is asked first, and for each of its fallbacks. */
  readonly maxTokens: readonly number[];
}

/** The ids of an answer, made before it: a stream names both before its first word. */
export interface AnswerIds {
  /** The turn that it will be saved as. Its hold has the same id, and so is found by it. */
  readonly turnId: string;
  /** Its conversation, which is opened with the hold where the question goes on with none. */
  readonly conversationId: string;
}

const ATTEMPTS_MAX = 3;

/** Sets the price of an answer aside before a model is asked. */
@Injectable()
export class AnswerHoldService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly wallets: WalletService,
    private readonly holds: HoldsService,
    private readonly gathered: GatheredHolds,
    private readonly conversations: ConversationsService,
    private readonly clientChats: ClientChats,
  ) {}

  /**
   * Holds the ceiling of the dearest model that may answer, or what the wallet affords of it: then the answer may be shorter. The amount comes from
   * a reading that a rival may have outdated, so the hold itself is guarded, and the amount is computed again
   * a bounded number of times. Throws `InsufficientBalance`, `StorageFull` and `ConversationBusy`; a second hold with the
   * same Idempotency-Key violates its unique key.
   */
  async open(
    payer: Principal,
    plan: Plan,
    question: Question,
    ids: AnswerIds,
    idempotency: IdempotencyRecord | undefined,
  ): Promise<AnswerHold> {
    const plans = [plan, ...plan.fallbacks];
    const isKnown = plans.every(({ model }) => isFlat(model.price));
    const { userId: ownerId, key } = payer;
    const opened = storedByOpening(question);
    const turnBytes = bytesOf(contentOf(payer, question), question);
    const stored = { ...opened, bytes: opened.bytes + turnBytes };
    for (let attempt = 1; ; attempt += 1) {
      const spendable = isKnown ? Infinity : await this.wallets.spendable(ownerId, key?.capId);
      const limits = plans.map(({ model: { price }, promptTokens, maxTokens: wanted }) => {
        // If not even one token is affordable, hold the minimum anyway: the 402 then reports it.
        const maxTokens = affordable(price, promptTokens, wanted, spendable) ?? 1;
        return { maxTokens, ceiling: ceiling(price, promptTokens, maxTokens) };
      });
      const held = Math.max(...limits.map((limit) => limit.ceiling));
      const maxTokens = limits.map((limit) => limit.maxTokens);
      try {
        const spend = { ownerId, amount: held, holdId: ids.turnId, capId: key?.capId, idempotency };
        await this.take({ ...spend, stored, turnBytes }, question, ids);
        return { held, maxTokens };
      } catch (error) {
        // Nothing is known of a commit in which the connection was lost. If there is a hold after all, nobody
        // will ask for its answer: it is given back, and its key with it.
        if (error instanceof DatabaseUnavailable) this.holds.releaseLater(ids.turnId);
        const mayBeOutdated = error instanceof InsufficientBalance && held <= spendable;
        if (!mayBeOutdated || attempt === ATTEMPTS_MAX || spendable === Infinity) throw error;
      }
    }
  }

  /** The hold, and the conversation that is now busy with it: both or neither. */
  private take(
    spend: AnswerSpend & { readonly holdId: string },
    question: Question,
    ids: AnswerIds,
  ): Promise<void> {
    const { conversationId, opens } = question;
    const isPlain = spend.capId === undefined && spend.idempotency === undefined;
    // What else has to be locked or may be refused would have to be waited for by all others.
    const taken =
      isPlain && conversationId === undefined && opens === undefined
        ? this.gathered.hold(spend, (tx, { ordinal }) => {
            this.openConversation(tx, spend, question, ids, ordinal);
          })
        : this.takeAlone(spend, question, ids);
    return taken.catch(throwOwnerGone);
  }

  private takeAlone(
    spend: AnswerSpend & { readonly holdId: string },
    question: Question,
    ids: AnswerIds,
  ): Promise<void> {
    const { conversationId: earlier, message, previousId, chatId, opens } = question;
    return this.unitOfWork.run(async (tx) => {
      // Who names the turn to go on with needs no order among those that do.
      if (earlier !== undefined && previousId === undefined)
        await this.conversations.lockForAnswer(tx, spend.ownerId, earlier);
      else if (earlier !== undefined) await this.conversations.lock(tx, spend.ownerId, earlier);
      const { ordinal } = await this.holds.holdNumbered(tx, spend);
      if (earlier !== undefined) {
        await this.conversations.occupy(tx, earlier, spend.holdId, message);
        return;
      }
      this.openConversation(tx, spend, question, ids, ordinal);
      if (question.isKept !== false && opens !== undefined && chatId !== undefined) {
        const { conversationId } = ids;
        this.clientChats.add(tx, { ownerId: spend.ownerId, chatId, conversationId });
      }
    });
  }

  /** From the first word on the client knows the conversation: it is there to be read, and to wait for. */
  private openConversation(
    tx: Tx,
    { ownerId, holdId: busyHoldId }: AnswerSpend & { readonly holdId: string },
    { isKept = true, message }: Question,
    { conversationId: id }: AnswerIds,
    ordinal: number,
  ): void {
    if (!isKept) return;
    const settings = { title: storable(message), model: null, system: null };
    this.conversations.open(tx, { id, ownerId, ordinal, busyHoldId, ...settings });
  }
}
