import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { newId } from '../new-id.js';
import { TooLongForModel, ValidationFailed } from '../errors.js';
import { isLongerThan, tooLong } from '../drf/text.js';
import { ClientChats } from '../conversations/client-chats.service.js';
import { ConversationContext } from '../conversations/conversation-context.js';
import {
  ConversationsService,
  type OwnConversation,
} from '../conversations/conversations.service.js';
import { ModelCatalogue, type Model } from '../models/model-catalogue.js';
import { ceiling } from '../models/pricing.js';
import {
  assertPartsArePaid,
  countPrompt,
  estimatePrompt,
  toProviderMessage,
  type TokenCount,
} from '../models/prompt.js';
import type { ChatMessage } from '../models/provider.js';
import type { Principal } from '../principal.js';
import type { Question } from './question.js';

/** The request to one model, and the most that it can cost. */
export interface ModelPlan {
  readonly model: Model;
  readonly messages: readonly ChatMessage[];
  /** Upper bound of the prompt, in model tokens. The hold covers this many; what was not used is returned. */
  readonly promptTokens: number;
  readonly maxTokens: number;
}

/** The plan for the model that was asked, and the plans for its fallbacks that also accept the question. */
export interface Plan extends ModelPlan {
  readonly fallbacks: readonly ModelPlan[];
  /**
   * The number of the newest turn when the context was read; undefined if the context is not read from a
   * conversation.
   */
  readonly newestTurn: number | undefined;
}

/** A plan, and the count of its prompt's model tokens. */
interface Measured {
  readonly plan: ModelPlan;
  readonly prompt: TokenCount;
}

/** The price of a question: at least the prompt, at most the longest answer. */
export interface Quote {
  readonly model: string;
  readonly floor: number;
  readonly ceiling: number;
}

/** Decides what a model is asked, and what that can cost. Makes no hold and asks no model. */
@Injectable()
export class Planner {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly clientChats: ClientChats,
    private readonly models: ModelCatalogue,
    private readonly context: ConversationContext,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Adds the conversation of the client's chat to the question, or the id of a conversation to open. */
  async withConversation(ownerId: string, question: Question): Promise<Question> {
    if (question.chatId === undefined) return question;
    const conversationId = await this.clientChats.find(ownerId, question.chatId);
    return conversationId === undefined
      ? { ...question, newConversationId: newId() }
      : { ...question, conversationId };
  }

  /** Returns the bounds of an answer's price. Makes no hold and asks no model. */
  async quote(principal: Principal, question: Question): Promise<Quote> {
    const [first, ...rest] = await this.measureAll(principal, question);
    const all = [first, ...rest];
    const floors = all.map(({ plan, prompt }) => ceiling(plan.model.price, prompt.estimate, 0));
    const ceilings = all.map(({ plan, prompt }) =>
      ceiling(plan.model.price, prompt.bound, plan.maxTokens),
    );
    return {
      model: first.plan.model.id,
      floor: Math.min(...floors),
      ceiling: Math.max(...ceilings),
    };
  }

  /**
   * Returns the plan for a question. Throws `ValidationFailed` if no model accepts it, and `NotFound` if the
   * conversation is unknown or belongs to another user.
   */
  async plan(principal: Principal, question: Question): Promise<Plan> {
    const { conversationId, messages } = question;
    const isRead = conversationId !== undefined && messages === undefined;
    const newest = isRead ? await this.context.newestTurn(conversationId) : undefined;
    const [{ plan }, ...rest] = await this.measureAll(principal, question);
    return {
      model: plan.model,
      messages: plan.messages,
      promptTokens: plan.promptTokens,
      maxTokens: plan.maxTokens,
      fallbacks: rest.map((measured) => measured.plan),
      newestTurn: newest,
    };
  }

  /** Measures the question for the model that is asked, and for those of its fallbacks that accept the question. */
  private async measureAll(
    principal: Principal,
    question: Question,
  ): Promise<[Measured, ...Measured[]]> {
    const { conversationId, message } = question;
    this.assertLength(message);
    const conversation =
      conversationId === undefined
        ? undefined
        : await this.conversations.find(principal.userId, conversationId);
    const model = this.models.find(question.model ?? conversation?.model, principal);
    const measured: [Measured, ...Measured[]] = [await this.measure(model, question, conversation)];
    for (const other of this.models.fallbacksOf(model, principal)) {
      try {
        measured.push(await this.measure(other, question, conversation));
      } catch (error) {
        if (!(error instanceof ValidationFailed)) throw error;
      }
    }
    return measured;
  }

  private async measure(
    model: Model,
    question: Question,
    conversation: OwnConversation | undefined,
  ): Promise<Measured> {
    const userMessage: ChatMessage = { role: 'user', content: question.message };
    const wanted = Math.min(question.maxTokens ?? model.maxTokens, model.maxTokens);
    // An answer may be as long as the whole context, but half of the context is reserved for the earlier turns.
    const reserved = Math.min(wanted, Math.floor(model.contextTokens / 2));
    const budget = model.contextTokens - reserved - estimatePrompt([userMessage]);
    const messages = question.messages
      ? [...systemOf(question, conversation), ...question.messages.map(toProviderMessage)]
      : [...(conversation ? await this.context.read(conversation, budget) : []), userMessage];
    assertPartsArePaid(model, messages);
    const further = question.extra ? JSON.stringify(question.extra) : '';
    const prompt = countPrompt(messages, further, model.imageTokens);
    const room = model.contextTokens - prompt.estimate;
    if (room < 1) throw new TooLongForModel(model.id);
    const maxTokens = Math.min(wanted, room);
    return { plan: { model, messages, promptTokens: prompt.bound, maxTokens }, prompt };
  }

  private assertLength(message: string): void {
    const max = this.config.messageMaxChars;
    if (isLongerThan(message, max)) throw new ValidationFailed({ message: [tooLong(max)] });
  }
}

/**
 * Returns the conversation's `system` text for a client's chat, because the context that the client sends
 * does not contain it.
 */
const systemOf = (
  { chatId }: Question,
  conversation: OwnConversation | undefined,
): ChatMessage[] =>
  chatId !== undefined && conversation?.system
    ? [{ role: 'system', content: conversation.system }]
    : [];

/** Returns the request to send to the model. */
export function requestOf(
  { model, messages }: ModelPlan,
  { extra = {} }: Question,
  maxTokens: number,
) {
  const { upstream, maxTokensField } = model;
  return { model: upstream, messages, maxTokens, maxTokensField, extra };
}
