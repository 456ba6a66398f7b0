import { Injectable } from '@nestjs/common';
import { assertNewestTurn } from '../conversations/newest-turn.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { throwOwnerGone } from '../conversations/owner-gone.js';
import type { Tx } from '../database/transactions/tx.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { DatabaseUnavailable, InsufficientBalance } from '../errors.js';
import { affordableTokens, ceiling, isFlat } from '../models/pricing.js';
import type { Principal } from '../principal.js';
import { BatchedHolds } from '../wallet/holds/batched-holds.service.js';
import type { AnswerSpend } from '../wallet/holds/hold-records.js';
import { HoldsService } from '../wallet/holds/holds.service.js';
import type { IdempotencyRecord } from '../wallet/idempotency-record.js';
import { WalletService } from '../wallet/wallet.service.js';
import type { Plan } from './planner.js';
import type { Question } from './question.js';
import { toStorableText } from '../database/storable-text.js';
import { bytesOf, contentOf, storageOfNewConversation } from './turn-content.js';

/** The amount held for an answer, and the length that it allows. */
export interface AnswerHold {
  /** In whole tokens of the wallet. */
  readonly held: number;
  /** In model tokens: for the model that is asked first, and for each of its fallbacks. */
  readonly maxTokens: readonly number[];
}

/** The ids of an answer, made before it starts, because a stream sends both before its first word. */
export interface AnswerIds {
  /** The id of the turn that will be saved. Its hold has the same id, so the turn can be found by the hold. */
  readonly turnId: string;
  /** The id of its conversation. If the question continues none, the conversation is opened with the hold. */
  readonly conversationId: string;
}

/** The hold to make, and the number of the newest turn in the context that is sent to the model. */
type ContextSpend = AnswerSpend & { readonly holdId: string } & Pick<Plan, 'newestTurn'>;

const ATTEMPTS_MAX = 3;

/** Holds the price of an answer before a model is asked. */
@Injectable()
export class AnswerHoldService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly wallets: WalletService,
    private readonly holds: HoldsService,
    private readonly batchedHolds: BatchedHolds,
    private readonly conversations: ConversationsService,
  ) {}

  /**
   * Holds the highest ceiling of all models that may answer, or as much of it as the wallet can pay for a
   * shorter answer. Another request may change the wallet after this reads it. So the hold is a guarded
   * statement, and the amount is computed again a bounded number of times. Throws `InsufficientBalance`,
   * `StorageFull`, `ConversationBusy` and `ContextOutdated`. A second hold with the same idempotency key violates its
   * unique key.
   */
  async open(
    payer: Principal,
    plan: Plan,
    question: Question,
    ids: AnswerIds,
    idempotency: IdempotencyRecord | undefined,
  ): Promise<AnswerHold> {
    const plans = [plan, ...plan.fallbacks];
    const isPriceKnown = plans.every(({ model }) => isFlat(model.price));
    const { userId: ownerId, key } = payer;
    const conversationStorage = storageOfNewConversation(question);
    const turnBytes = bytesOf(contentOf(payer, question), question);
    const stored = { ...conversationStorage, bytes: conversationStorage.bytes + turnBytes };
    for (let attempt = 1; ; attempt += 1) {
      const spendable = isPriceKnown ? Infinity : await this.wallets.spendable(ownerId, key?.capId);
      const limits = plans.map(({ model: { price }, promptTokens, maxTokens: wanted }) => {
        // If the wallet cannot pay for a single token, this asks for the minimum anyway, so that the 402
        // reports it.
        const maxTokens = affordableTokens(price, promptTokens, wanted, spendable) ?? 1;
        return { maxTokens, ceiling: ceiling(price, promptTokens, maxTokens) };
      });
      const held = Math.max(...limits.map((limit) => limit.ceiling));
      const maxTokens = limits.map((limit) => limit.maxTokens);
      try {
        const spend = { ownerId, amount: held, holdId: ids.turnId, capId: key?.capId, idempotency };
        const { newestTurn } = plan;
        await this.makeHold({ ...spend, stored, turnBytes, newestTurn }, question, ids);
        return { held, maxTokens };
      } catch (error) {
        // If the connection was lost during the commit, its outcome is unknown. No caller will ask for the
        // answer of a hold that was committed, so the next sweep releases it and frees its key.
        if (error instanceof DatabaseUnavailable) this.holds.releaseLater(ids.turnId);
        const mayBeOutdated = error instanceof InsufficientBalance && held <= spendable;
        if (!mayBeOutdated || attempt === ATTEMPTS_MAX || spendable === Infinity) throw error;
      }
    }
  }

  /** Makes the hold, and marks the conversation as busy with it, both or neither. */
  private makeHold(spend: ContextSpend, question: Question, ids: AnswerIds): Promise<void> {
    const { conversationId, newConversationId } = question;
    const isPlain = spend.capId === undefined && spend.idempotency === undefined;
    // A hold that needs other locks, or that other checks may refuse, does not share a batch: the others
    // would wait for it.
    const made =
      isPlain && conversationId === undefined && newConversationId === undefined
        ? this.batchedHolds.hold(spend, (tx, { ordinal }) => {
            this.openConversation(tx, spend, question, ids, ordinal);
          })
        : this.makeHoldUnbatched(spend, question, ids);
    return made.catch(throwOwnerGone);
  }

  private makeHoldUnbatched(
    { newestTurn, ...spend }: ContextSpend,
    question: Question,
    ids: AnswerIds,
  ): Promise<void> {
    const { conversationId: earlierId, message } = question;
    return this.unitOfWork.runOneAtATime(spend.ownerId, async (tx) => {
      if (earlierId === undefined) {
        const { ordinal } = await this.holds.hold(tx, spend);
        this.openConversation(tx, spend, question, ids, ordinal);
        return;
      }
      const busyHoldId = await this.lockConversation(tx, spend.ownerId, earlierId, question);
      if (newestTurn !== undefined) await assertNewestTurn(tx, earlierId, newestTurn);
      await this.holds.hold(tx, spend);
      // If an earlier answer still runs, the conversation stays marked with the hold of that answer. With the later
      // hold, it would be free as soon as the later answer ends.
      await this.conversations.markBusy(tx, earlierId, busyHoldId ?? spend.holdId, message);
    });
  }

  /**
   * Locks the conversation that the question continues. Returns the hold of an answer that still runs in it: a question
   * with `previousId` may run beside other answers. Any other question throws `ConversationBusy` then.
   */
  private async lockConversation(
    tx: Tx,
    ownerId: string,
    conversationId: string,
    { previousId }: Question,
  ): Promise<string | undefined> {
    if (previousId !== undefined) return this.conversations.lock(tx, ownerId, conversationId);
    await this.conversations.lockForAnswer(tx, ownerId, conversationId);
    return undefined;
  }

  /** Opens the conversation with the hold, because a client may read it, or wait for it, from the first word on. */
  private openConversation(
    tx: Tx,
    { ownerId, holdId: busyHoldId }: AnswerSpend & { readonly holdId: string },
    { isKept = true, message, chatId }: Question,
    { conversationId: id }: AnswerIds,
    ordinal: number,
  ): void {
    if (!isKept) return;
    const settings = { title: toStorableText(message), model: null, system: null };
    const opened = { id, ownerId, ordinal, busyHoldId, ...settings };
    this.conversations.open(tx, opened, chatId);
  }
}
