import { textOf } from '../models/content.js';
import type { Model } from '../models/model-catalogue.js';
import type { ChatMessage, ToolCallDelta } from '../models/provider.js';
import { readThoughtParts, type ThoughtParts } from '../models/thought-parts.js';
import type { ToolCall } from '../models/tool-calls.js';
import type { Turn } from '../conversations/turn.entity.js';
import type {
  CompletionAnswerDto,
  CompletionAnswerMessageDto,
  CompletionUsageDto,
  ModelDto,
} from './completion-answers.dto.js';

/** The fields that identify an answer. They are the same in every chunk and in every replay. */
export interface CompletionHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

/**
 * Returns the identifying fields of an answer. `created` is the time in the turn's id, a UUIDv7, so a replay
 * has the same time.
 */
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

function usageOf(turn: Turn): CompletionUsageDto {
  const { promptTokens, completionTokens, cachedTokens, reasoningTokens } = turn;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}

/**
 * Returns OpenAI's finish reason. It has none for a stopped answer, which is incomplete like one that was
 * cut, so `length` is used.
 */
export const finishReasonOf = ({ finishReason }: Turn): string =>
  finishReason === 'cancelled' ? 'length' : finishReason;

/** Formats a complete answer. */
export function toCompletion(turn: Turn): CompletionAnswerDto {
  const toolCalls = toolCallsOf(turn);
  const message: CompletionAnswerMessageDto = {
    role: 'assistant',
    content: turn.response === '' && toolCalls ? null : turn.response,
    refusal: null,
    ...(turn.reasoning !== null && { reasoning_content: turn.reasoning }),
    ...readThoughtParts(turn.thoughtParts),
    ...(toolCalls && { tool_calls: toolCalls }),
  };
  return {
    ...headOf(turn.id, turn.model),
    object: 'chat.completion',
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReasonOf(turn) }],
    usage: usageOf(turn),
  };
}

/** The part that a chunk adds to the only choice. */
export interface ChunkDelta extends ThoughtParts {
  readonly role?: 'assistant';
  readonly content?: string;
  /** The thinking of the model. The name comes from DeepSeek, and others use it too. */
  readonly reasoning_content?: string;
  readonly refusal?: null;
  readonly tool_calls?: readonly ToolCallDelta[];
}

/**
 * Formats a part of an answer. If the client asked for the usage, every chunk has the field, and it is null
 * except in the last one.
 */
export function toChunk(
  head: CompletionHead,
  delta: ChunkDelta,
  finishReason: string | null,
  includesUsage: boolean,
) {
  return {
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
    ...(includesUsage && { usage: null }),
  };
}

/** Formats the last chunk if the client asked for the usage: no choice, only the counts. */
export function toUsageChunk(head: CompletionHead, turn: Turn) {
  return { ...head, object: 'chat.completion.chunk', choices: [], usage: usageOf(turn) };
}

/** Returns a saved answer as the single delta that a replay streams. */
export function toWholeDelta(turn: Turn): ChunkDelta {
  const calls = toolCallsOf(turn);
  return {
    ...(turn.reasoning !== null && { reasoning_content: turn.reasoning }),
    ...readThoughtParts(turn.thoughtParts),
    ...(turn.response !== '' && { content: turn.response }),
    ...(calls && { tool_calls: calls.map((call, index) => ({ index, ...call })) }),
  };
}

export function toModel({ id, price, contextTokens }: Model): ModelDto {
  const ownFields = { price, context_length: contextTokens };
  return { id, object: 'model', created: MODEL_CREATED, owned_by: 'tallychat', ...ownFields };
}

/**
 * Clients expect a time, but models have none. This is the time of the first release, in seconds since 1970.
 */
const MODEL_CREATED = 1_764_000_000;

/** Returns the text that the history stores of a request: the last message of the user. */
export function questionIn(messages: readonly ChatMessage[]): string {
  return textOf(messages.findLast(({ role }) => role === 'user')?.content);
}
