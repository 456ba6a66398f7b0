import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { CONFIG, type Config } from '../config/config.js';
import { isUniqueViolation } from '../database/database-errors.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { IdempotencyKeyInUse, InsufficientBalance } from '../errors.js';
import type { Principal } from '../principal.js';
import { idempotencyRecord, type IdempotencyRecord } from '../wallet/idempotency-record.js';
import { HoldsService } from '../wallet/holds.service.js';
import { WalletService } from '../wallet/wallet.service.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { Generation } from './generation.js';
import { HistoryService } from '../conversations/history.service.js';
import { outcomeOf } from './outcome.js';
import { Planner, type Plan } from './planner.js';
import { affordable, ceiling, isFlat } from '../models/pricing.js';
import type { Question } from './question.js';
import { SettlementService } from './settlement.service.js';
import type { Turn } from '../conversations/turn.entity.js';

/** A question that is paid for, and waits to be run; or the turn that its key already has. */
export type Begun =
  | { readonly generation: Generation; readonly replay?: undefined }
  | { readonly replay: Turn; readonly generation?: undefined };

/** A whole answer, and whether an earlier request with the same key has paid for it. */
export interface Answered {
  readonly turn: Turn;
  readonly isReplay: boolean;
}

/** A question that is in order; or the turn that its key already has. */
type Asked =
  | {
      readonly plan: Plan;
      readonly idempotency: IdempotencyRecord | undefined;
      readonly replay?: undefined;
    }
  | { readonly replay: Turn };

const HOLD_ATTEMPTS_MAX = 3;

/**
 * The life of a paid message: replay, or hold, ask, settle. No transaction is open while a provider is
 * waited for, and whatever ends the request, the hold is captured, released, or expires by itself.
 */
@Injectable()
export class ChatService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly wallets: WalletService,
    private readonly holds: HoldsService,
    private readonly history: HistoryService,
    private readonly conversations: ConversationsService,
    private readonly planner: Planner,
    private readonly settlement: SettlementService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Everything up to the provider's call: replays a known key, or sets the most that the answer can cost
   * aside. Throws `InsufficientBalance`, `ValidationFailed`, `NotFound`, `ConversationBusy` or one of the
   * key's refusals, all before the provider is asked.
   */
  async begin(principal: Principal, question: Question): Promise<Begun> {
    const asked = await this.ask(principal, question);
    if (asked.replay) return asked;
    return { generation: await this.generate(principal, question, asked.plan, asked.idempotency) };
  }

  /** The same and the whole answer: for a caller who wants no stream. Throws as `Generation.run` too. */
  async answer(principal: Principal, question: Question, gone: AbortSignal): Promise<Answered> {
    const asked = await this.ask(principal, question);
    if (asked.replay) return { turn: asked.replay, isReplay: true };
    const { plan, idempotency } = asked;
    // A key and a conversation are to be taken before the model is asked.
    if (!gone.aborted && !idempotency && question.conversationId === undefined) {
      const turn = await this.answerAtOnce(principal, question, plan, gone);
      if (turn) return { turn, isReplay: false };
    }
    const generation = await this.generate(principal, question, plan, idempotency);
    return { turn: await generation.run(gone, () => Promise.resolve()), isReplay: false };
  }

  private async ask(principal: Principal, question: Question): Promise<Asked> {
    const { route, idempotencyKey, ...input } = question;
    const idempotency = idempotencyRecord(route, idempotencyKey, input);
    const earlier = idempotency && (await this.holds.findByKey(principal.userId, idempotency));
    if (earlier !== undefined)
      return { replay: await this.history.ofHold(principal.userId, earlier) };
    return { plan: await this.planner.plan(principal.userId, question), idempotency };
  }

  /**
   * Where a model answers without leaving the process, at a price known beforehand, there is nothing to
   * wait for between hold and capture: one transaction takes the price and saves the turn. Undefined for
   * any other model, and for a caller who left while the transaction waited for its turn.
   */
  private async answerAtOnce(
    principal: Principal,
    question: Question,
    plan: Plan,
    gone: AbortSignal,
  ): Promise<Turn | undefined> {
    const { model } = plan;
    const { provider, price } = model;
    if (!provider.answer || !isFlat(price)) return undefined;
    const answer = provider.answer.bind(provider);
    const request = requestOf(plan, question, plan.maxTokens);
    const held = price.perMessage;
    const instant = { principal, question, modelId: model.id, amount: held };
    const answered = this.settlement.settleAtOnce(instant, gone, () => {
      const { text, ...done } = answer(request);
      const how = { status: 'complete', ending: 'complete' } as const;
      return outcomeOf({ model, request, held }, { ...how, text, toolCalls: [], done });
    });
    return answered.catch((error: unknown) => {
      if (gone.aborted && error === gone.reason) return undefined;
      throw error;
    });
  }

  private async generate(
    principal: Principal,
    question: Question,
    plan: Plan,
    idempotency: IdempotencyRecord | undefined,
  ): Promise<Generation> {
    const { holdId, held, maxTokens } = await this.hold(
      principal.userId,
      plan,
      question,
      idempotency,
    );
    const { model } = plan;
    const turnId = uuidv7();
    return new Generation({
      turnId,
      model,
      request: requestOf(plan, question, maxTokens),
      held,
      timeoutMs: this.config.answerTimeoutSeconds * 1000,
      settle: (outcome) =>
        this.settlement.settle({
          principal,
          holdId,
          turnId,
          question,
          modelId: model.id,
          outcome,
        }),
    });
  }

  /**
   * Holds the ceiling, or what the wallet affords of it: then the answer may be shorter. The amount is
   * computed from a reading, so a rival may have spent it meanwhile: the hold itself is guarded, and the
   * computation is done anew a bounded number of times.
   */
  private async hold(
    ownerId: string,
    plan: Plan,
    question: Question,
    idempotency: IdempotencyRecord | undefined,
  ) {
    const { price } = plan.model;
    for (let attempt = 1; ; attempt += 1) {
      const spendable = 'perMessage' in price ? Infinity : await this.wallets.spendable(ownerId);
      // What is not affordable at all is refused for want of its least: that is what `Tokens-Required` says.
      const maxTokens = affordable(price, plan.promptTokens, plan.maxTokens, spendable) ?? 1;
      const held = ceiling(price, plan.promptTokens, maxTokens);
      try {
        const holdId = await this.open(ownerId, held, question, idempotency);
        return { holdId, held, maxTokens };
      } catch (error) {
        const again = error instanceof InsufficientBalance && held <= spendable;
        if (!again || attempt === HOLD_ATTEMPTS_MAX || spendable === Infinity) throw error;
      }
    }
  }

  private async open(
    ownerId: string,
    amount: number,
    { conversationId, message }: Question,
    idempotency: IdempotencyRecord | undefined,
  ): Promise<string> {
    try {
      return await this.unitOfWork.run(async (tx) => {
        if (conversationId !== undefined) {
          await this.conversations.lockForAnswer(tx, ownerId, conversationId);
        }
        const holdId = await this.holds.hold(tx, { ownerId, amount, idempotency });
        if (conversationId !== undefined) {
          await this.conversations.occupy(tx, conversationId, holdId, message);
        }
        return holdId;
      });
    } catch (error) {
      // A twin with the same key got there first: its answer is not ready, or it would have been found.
      if (isUniqueViolation(error)) throw new IdempotencyKeyInUse();
      throw error;
    }
  }
}

function requestOf({ model, messages }: Plan, { extra = {} }: Question, maxTokens: number) {
  const { upstream, maxTokensField } = model;
  return { model: upstream, messages, maxTokens, maxTokensField, extra };
}
