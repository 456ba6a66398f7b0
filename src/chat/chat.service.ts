import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { CONFIG, type Config } from '../config.js';
import { isUniqueViolation } from '../database/database-errors.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { IdempotencyKeyInUse, InsufficientBalance, ValidationFailed } from '../errors.js';
import type { Principal } from '../http/request.decorators.js';
import { codePoints } from '../http/text.js';
import { claimOf, type Claim } from '../wallet/claim.js';
import { HoldsService } from '../wallet/holds.service.js';
import { WalletService } from '../wallet/wallet.service.js';
import { ConversationsService } from './conversations.service.js';
import { Generation } from './generation.js';
import { HistoryService } from './history.service.js';
import { ModelCatalogue } from './model-catalogue.js';
import type { Model } from './models.js';
import { affordable, ceiling, estimatePrompt, estimateTokens } from './pricing.js';
import type { ChatMessage } from './providers/provider.js';
import { SettlementService } from './settlement.service.js';
import type { Turn } from './turn.entity.js';

/** What a caller asks, whichever door they came through. */
export interface Question {
  /** The door: the same key on two of them protects two messages. */
  readonly route: 'chat' | 'messages' | 'completions';
  /** What the history keeps of it. */
  readonly message: string;
  readonly idempotencyKey?: string | undefined;
  readonly model?: string | undefined;
  /** The thread that it goes on with; without one it opens its own. */
  readonly conversationId?: string | undefined;
  /** The whole context where the caller brings it; otherwise the conversation's turns. */
  readonly messages?: readonly ChatMessage[] | undefined;
  readonly maxTokens?: number | undefined;
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

/** A question that is paid for, and waits to be run; or the turn that its key already has. */
export type Begun =
  | { readonly generation: Generation; readonly replay?: undefined }
  | { readonly replay: Turn; readonly generation?: undefined };

/** What is asked of the model, and the most that it can cost. */
interface Plan {
  readonly model: Model;
  readonly messages: readonly ChatMessage[];
  readonly promptTokens: number;
  readonly maxTokens: number;
}

/** What a question would cost: at least for its prompt, at most with the longest answer. */
export interface Quote {
  readonly model: string;
  readonly floor: number;
  readonly ceiling: number;
}

const HOLD_ATTEMPTS_MAX = 3;

/**
 * The life of a paid message: replay, or hold, ask, settle. No transaction is open while the provider
 * answers, and whatever ends the request, the hold is captured, released, or expires by itself.
 */
@Injectable()
export class ChatService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly wallets: WalletService,
    private readonly holds: HoldsService,
    private readonly history: HistoryService,
    private readonly conversations: ConversationsService,
    private readonly models: ModelCatalogue,
    private readonly settlement: SettlementService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Everything up to the provider's call: replays a known key, or sets the most that the answer can cost
   * aside. Throws `InsufficientBalance`, `ValidationFailed`, `NotFound`, `ConversationBusy` or one of the
   * key's refusals, all before the provider is asked.
   */
  async begin(principal: Principal, question: Question): Promise<Begun> {
    this.assertLength(question.message);
    const { route, idempotencyKey, ...input } = question;
    const claim = claimOf(route, idempotencyKey, input);
    const earlier = claim && (await this.holds.findClaimed(principal.userId, claim));
    if (earlier !== undefined)
      return { replay: await this.history.ofHold(principal.userId, earlier) };
    const plan = await this.plan(principal.userId, question);
    const { holdId, held, maxTokens } = await this.hold(principal.userId, plan, question, claim);
    const { model, messages } = plan;
    const turnId = uuidv7();
    return {
      generation: new Generation({
        turnId,
        model,
        request: {
          model: model.upstream,
          messages,
          maxTokens,
          maxTokensField: model.maxTokensField,
          extra: question.extra ?? {},
        },
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
      }),
    };
  }

  /** Between which two amounts an answer's price would be, without asking or holding anything. */
  async quote(ownerId: string, question: Question): Promise<Quote> {
    this.assertLength(question.message);
    const { model, promptTokens, maxTokens } = await this.plan(ownerId, question);
    const atMost = (completionTokens: number) =>
      ceiling(model.price, promptTokens, completionTokens);
    return { model: model.id, floor: atMost(0), ceiling: atMost(maxTokens) };
  }

  private async plan(ownerId: string, question: Question): Promise<Plan> {
    const { conversationId, message } = question;
    const conversation =
      conversationId === undefined
        ? undefined
        : await this.conversations.find(ownerId, conversationId);
    const model = this.models.find(question.model ?? conversation?.model);
    const asked: ChatMessage = { role: 'user', content: message };
    const wanted = Math.min(question.maxTokens ?? model.maxTokens, model.maxTokens);
    // An answer may be as long as the whole context, but half of that is left to what was said before.
    const reserved = Math.min(wanted, Math.floor(model.contextTokens / 2));
    const budget = model.contextTokens - reserved - estimatePrompt([asked]);
    const context = conversation ? await this.conversations.context(conversation, budget) : [];
    const messages = question.messages ?? [...context, asked];
    const further = question.extra ? JSON.stringify(question.extra) : '';
    const promptTokens = estimatePrompt(messages) + estimateTokens(further);
    const room = model.contextTokens - promptTokens;
    if (room < 1) throw new ValidationFailed({ message: [`Too long for the model ${model.id}.`] });
    return { model, messages, promptTokens, maxTokens: Math.min(wanted, room) };
  }

  /**
   * Holds the ceiling, or what the wallet affords of it: then the answer may be shorter. The amount is
   * computed from a reading, so a rival may have spent it meanwhile: the hold itself is guarded, and the
   * computation is done anew a bounded number of times.
   */
  private async hold(ownerId: string, plan: Plan, question: Question, claim: Claim | undefined) {
    const { price } = plan.model;
    for (let attempt = 1; ; attempt += 1) {
      const spendable = 'perMessage' in price ? Infinity : await this.wallets.spendable(ownerId);
      // What is not affordable at all is refused for want of its least: that is what `Tokens-Required` says.
      const maxTokens = affordable(price, plan.promptTokens, plan.maxTokens, spendable) ?? 1;
      const held = ceiling(price, plan.promptTokens, maxTokens);
      try {
        const holdId = await this.open(ownerId, held, question, claim);
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
    claim: Claim | undefined,
  ): Promise<string> {
    try {
      return await this.unitOfWork.run(async (tx) => {
        if (conversationId !== undefined) {
          await this.conversations.claim(tx, ownerId, conversationId);
        }
        const holdId = await this.holds.hold(tx, { ownerId, amount, claim });
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

  private assertLength(message: string): void {
    const max = this.config.messageMaxChars;
    if (message.length <= max || codePoints(message) <= max) return;
    const fault = `Ensure this field has no more than ${String(max)} characters.`;
    throw new ValidationFailed({ message: [fault] });
  }
}
