import type { Model } from '../models/model-catalogue.js';
import { cost, countUsage, type Ending } from '../models/pricing.js';
import { estimatePrompt, estimateTokens } from '../models/prompt.js';
import type { CompletionRequest, Usage } from '../models/provider.js';
import type { ToolCall } from '../models/tool-calls.js';
import type { TurnEnd, TurnStatus } from '../conversations/turn.entity.js';

/** The result of an answer and its price. One transaction settles and saves it. */
export interface Outcome {
  readonly status: TurnStatus;
  readonly response: string;
  /** What the model thought, if the provider reports it; otherwise empty. */
  readonly reasoning: string;
  /** The parts of the thinking that the provider wants back, as JSON. Empty if there are none. */
  readonly thoughtParts: string;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: TurnEnd;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Tokens of the prompt that the provider read from its cache. 0 if it reported none. */
  readonly cachedTokens: number;
  /**
   * Tokens of the answer that are thinking, by the provider's count. If the answer was stopped, also our estimate of the
   * thinking that was not passed on.
   */
  readonly reasoningTokens: number;
  /** In whole tokens of the wallet, at most the hold. */
  readonly amount: number;
}

/** The request, and the amount held for it. */
interface HeldRequest {
  readonly model: Model;
  readonly request: Pick<CompletionRequest, 'messages'> & {
    readonly maxTokens?: number | undefined;
  };
  readonly held: number;
}

/** The end of an answer: from the model, or from this service for an answer that was stopped. */
export interface AnswerEnd {
  readonly finishReason: TurnEnd;
  readonly usage: Usage | undefined;
}

/** What a model produced, and how it ended. `done` is undefined for an answer that was cut off. */
interface EndedOutput {
  readonly status: TurnStatus;
  readonly ending: Ending;
  readonly text: string;
  readonly reasoning?: string;
  readonly thoughtParts?: string;
  readonly toolCalls: readonly ToolCall[];
  /** What the model may have thought without passing it on. Counts only if the answer was stopped. */
  readonly unseenTokens?: number;
  readonly done: AnswerEnd | undefined;
}

/** Counts and prices what was produced. `amount` is at most `held`. */
export function outcomeOf({ model, request, held }: HeldRequest, made: EndedOutput): Outcome {
  const { status, ending, text, reasoning = '', thoughtParts = '', toolCalls, done } = made;
  const isStopped = ending === 'gone before output' || ending === 'gone mid-answer';
  const calls = JSON.stringify(toolCalls).slice(1, -1);
  const seenTokens = estimateTokens(text + reasoning + calls);
  const roomForUnseen = Math.max(0, (request.maxTokens ?? Infinity) - seenTokens);
  const unseenTokens = isStopped ? Math.min(made.unseenTokens ?? 0, roomForUnseen) : 0;
  const sentMessages = ending === 'never asked' ? [] : request.messages;
  const estimated = {
    promptTokens: estimatePrompt(sentMessages, model.imageTokens),
    completionTokens: seenTokens + unseenTokens,
  };
  const isEmpty = ending === 'complete' && text + reasoning + thoughtParts + calls === '';
  const usage = countUsage(done?.usage, estimated);
  return {
    promptTokens: usage.promptTokens,
    completionTokens: usage.completionTokens,
    cachedTokens: usage.cachedPromptTokens,
    reasoningTokens: usage.reasoningTokens + unseenTokens,
    status,
    response: text,
    reasoning,
    thoughtParts,
    toolCalls,
    finishReason: done?.finishReason ?? 'length',
    amount: cost(model.price, isEmpty ? 'complete without output' : ending, usage, held),
  };
}
