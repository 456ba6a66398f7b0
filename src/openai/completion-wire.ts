import { textOf } from '../models/content.js';
import type { Model } from '../models/model-catalogue.js';
import type { ChatMessage, ToolCallDelta } from '../models/providers/provider.js';
import type { ToolCall } from '../models/tool-calls.js';
import type { Turn } from '../conversations/turn.entity.js';

/** What says of itself that it is one answer: the same in every chunk, and in every replay. */
export interface CompletionHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

/** The moment is that of the id, a UUIDv7, so that a replay tells the same one. */
export function headOf(turnId: string, model: string): CompletionHead {
  const hex = turnId.replaceAll('-', '');
  return {
    id: `chatcmpl-${hex}`,
    created: Math.floor(Number.parseInt(hex.slice(0, 12), 16) / 1000),
    model,
  };
}

const toolCallsOf = ({ toolCalls }: Turn): readonly ToolCall[] | undefined =>
  toolCalls === null ? undefined : (JSON.parse(toolCalls) as ToolCall[]);

function usageOf({ promptTokens, completionTokens, cachedTokens, reasoningTokens }: Turn) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}

/** OpenAI has no word for an answer that was stopped: like one that was cut, it is not whole. */
export const finishReasonOf = ({ finishReason }: Turn): string =>
  finishReason === 'cancelled' ? 'length' : finishReason;

/** A whole answer. */
export function toCompletion(turn: Turn) {
  const toolCalls = toolCallsOf(turn);
  const message = {
    role: 'assistant',
    content: turn.response === '' && toolCalls ? null : turn.response,
    refusal: null,
    ...(turn.reasoning !== null && { reasoning_content: turn.reasoning }),
    ...(toolCalls && { tool_calls: toolCalls }),
  };
  return {
    ...headOf(turn.id, turn.model),
    object: 'chat.completion',
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReasonOf(turn) }],
    usage: usageOf(turn),
  };
}

/** What a chunk adds to the one choice that there is. */
export interface ChunkDelta {
  readonly role?: 'assistant';
  readonly content?: string;
  /** What the model thinks, by the name that DeepSeek gave it and others took over. */
  readonly reasoning_content?: string;
  readonly refusal?: null;
  readonly tool_calls?: readonly ToolCallDelta[];
}

/** A part of an answer. Where the usage was asked for, every chunk has the field, empty but in the last. */
export function toChunk(
  head: CompletionHead,
  delta: ChunkDelta,
  finishReason: string | null,
  tellsUsage: boolean,
) {
  return {
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
    ...(tellsUsage && { usage: null }),
  };
}

/** The last chunk where the usage was asked for: no choice, only the figures. */
export function toUsageChunk(head: CompletionHead, turn: Turn) {
  return { ...head, object: 'chat.completion.chunk', choices: [], usage: usageOf(turn) };
}

/** A saved answer as the one delta that a replay streams. */
export function toWholeDelta(turn: Turn): ChunkDelta {
  const calls = toolCallsOf(turn);
  return {
    ...(turn.reasoning !== null && { reasoning_content: turn.reasoning }),
    ...(turn.response !== '' && { content: turn.response }),
    ...(calls && { tool_calls: calls.map((call, index) => ({ index, ...call })) }),
  };
}

export function toModel({ id, price, contextTokens }: Model) {
  const ours = { price, context_length: contextTokens };
  return { id, object: 'model', created: MODEL_CREATED, owned_by: 'tallychat', ...ours };
}

/** Clients want a moment, and models have none: that of the first release. */
const MODEL_CREATED = 1_764_000_000;

/** What the history keeps of a request: the text of the last message of the person. */
export function questionIn(messages: readonly ChatMessage[]): string {
  return textOf(messages.findLast(({ role }) => role === 'user')?.content);
}
