import type { Model } from '../models/model-catalogue.js';
import { cost, countUsage, type Ending } from '../models/pricing.js';
import { estimatePrompt, estimateTokens } from '../models/prompt.js';
import type { CompletionRequest, Usage } from '../models/providers/provider.js';
import type { ToolCall } from '../models/tool-calls.js';
import type { TurnEnd, TurnStatus } from '../conversations/turn.entity.js';

/** What came of an answer, with its price: what is settled and saved, in one transaction. */
export interface Outcome {
  readonly status: TurnStatus;
  readonly response: string;
  /** What the model thought, as far as it told; empty where it did not. */
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: TurnEnd;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Of the prompt's and of the answer's: what the provider says was cached, and thought. */
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
  /** In whole tokens of the wallet, at most the hold. */
  readonly amount: number;
}

/** What was asked, and the amount set aside for it. */
interface AskedOf {
  readonly model: Model;
  readonly request: Pick<CompletionRequest, 'messages'>;
  readonly held: number;
}

/** The last word on an answer: the model's own, or ours of one that was stopped. */
export interface AnswerEnd {
  readonly finishReason: TurnEnd;
  readonly usage: Usage | undefined;
}

/** What a model produced, and how it ended. Without a last word it was cut. */
interface Produced {
  readonly status: TurnStatus;
  readonly ending: Ending;
  readonly text: string;
  readonly reasoning?: string;
  readonly toolCalls: readonly ToolCall[];
  readonly done: AnswerEnd | undefined;
}

/** Counts and prices what was produced; `amount` is at most `held`. */
export function outcomeOf(
  { model, request, held }: AskedOf,
  { status, ending, text, reasoning = '', toolCalls, done }: Produced,
): Outcome {
  const calls = JSON.stringify(toolCalls).slice(1, -1);
  const asked = ending === 'never asked' ? [] : request.messages;
  const estimated = {
    promptTokens: estimatePrompt(asked, model.imageTokens),
    completionTokens: estimateTokens(text + reasoning + calls),
  };
  const isEmpty = ending === 'complete' && text + reasoning + calls === '';
  const usage = countUsage(done?.usage, estimated);
  return {
    promptTokens: usage.promptTokens,
    completionTokens: usage.completionTokens,
    cachedTokens: usage.cachedPromptTokens,
    reasoningTokens: usage.reasoningTokens,
    status,
    response: text,
    reasoning,
    toolCalls,
    finishReason: done?.finishReason ?? 'length',
    amount: cost(model.price, isEmpty ? 'complete without output' : ending, usage, held),
  };
}
