import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { ValidationFailed } from '../errors.js';
import { isLongerThan, tooLong } from '../fields/text-field.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { ModelCatalogue } from '../models/model-catalogue.js';
import type { Model } from '../models/model-catalogue.js';
import { ceiling, estimatePrompt, estimateTokens } from '../models/pricing.js';
import type { ChatMessage } from '../models/providers/provider.js';
import type { Question } from './question.js';

/** What is asked of the model, and the most that it can cost. */
export interface Plan {
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

/** Decides what a model is asked, and what that can cost; holds nothing and asks nobody. */
@Injectable()
export class Planner {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly models: ModelCatalogue,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Between which two amounts an answer's price would be, without asking or holding anything. */
  async quote(ownerId: string, question: Question): Promise<Quote> {
    const { model, promptTokens, maxTokens } = await this.plan(ownerId, question);
    const atMost = (completionTokens: number) =>
      ceiling(model.price, promptTokens, completionTokens);
    return { model: model.id, floor: atMost(0), ceiling: atMost(maxTokens) };
  }

  /** Throws `ValidationFailed` for what no model takes, and `NotFound` for a conversation of somebody else. */
  async plan(ownerId: string, question: Question): Promise<Plan> {
    const { conversationId, message } = question;
    this.assertLength(message);
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

  private assertLength(message: string): void {
    const max = this.config.messageMaxChars;
    if (isLongerThan(message, max)) throw new ValidationFailed({ message: [tooLong(max)] });
  }
}

/** What the model is sent. */
export function requestOf({ model, messages }: Plan, { extra = {} }: Question, maxTokens: number) {
  const { upstream, maxTokensField } = model;
  return { model: upstream, messages, maxTokens, maxTokensField, extra };
}
