import type { Turn } from '../conversations/turn.entity.js';
import { responseId } from './item-ids.js';
import type { ResponseDto, ResponseUsageDto } from './response-answers.dto.js';
import { isWhole, outputOf, type OutputItem } from './output-items.js';
import type { ResponseSettings } from './settings.js';
import { customNames } from './tools.js';

/** The fields that every response has, whether it is complete or not. */
interface ResponseHead {
  readonly turnId: string;
  readonly model: string;
}

/** The state of a response. */
interface ResponseState {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  readonly output: readonly OutputItem[];
  /** In seconds since 1970. */
  readonly completedAt?: number;
  readonly incompleteReason?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly usage?: ResponseUsageDto;
}

/** Returns OpenAI's response object with all its fields, including those that are null. */
export function toResponse(
  { turnId, model }: ResponseHead,
  settings: ResponseSettings,
  state: ResponseState,
): ResponseDto {
  const { status, output, completedAt = null, incompleteReason, error = null } = state;
  return {
    id: responseId(turnId),
    object: 'response',
    created_at: createdAt(turnId),
    completed_at: completedAt,
    status,
    error,
    incomplete_details: incompleteReason === undefined ? null : { reason: incompleteReason },
    model,
    output,
    usage: state.usage ?? null,
    ...settings,
  };
}

/** Returns the time in the turn's id, a UUIDv7, so that a replay has the same time. In seconds since 1970. */
const createdAt = (turnId: string) =>
  Math.floor(Number.parseInt(turnId.replaceAll('-', '').slice(0, 12), 16) / 1000);

/** Returns a saved answer as a response. `output` is given if it was streamed. */
export function turnToResponse(
  turn: Turn,
  settings: ResponseSettings,
  output: readonly OutputItem[] = outputOf(turn, customNames(settings.tools)),
): ResponseDto {
  return toResponse({ turnId: turn.id, model: turn.model }, settings, {
    ...endingOf(turn),
    output,
    usage: usageOf(turn),
  });
}

function endingOf(turn: Turn): Omit<ResponseState, 'output' | 'usage'> {
  const { status, finishReason, createdAt: savedAt } = turn;
  if (status === 'failed') return { status: 'failed', error: FAILED };
  if (isWhole(turn)) {
    return { status: 'completed', completedAt: Math.floor(savedAt / 1_000_000) };
  }
  const isFiltered = status === 'complete' && finishReason === 'content_filter';
  return {
    status: 'incomplete',
    incompleteReason: isFiltered ? 'content_filter' : 'max_output_tokens',
  };
}

/** The reason of a failure is reported when it happens, and is not stored. */
const FAILED = {
  code: 'server_error',
  message: 'The model did not answer. Nothing was charged.',
};

function usageOf(turn: Turn): ResponseUsageDto {
  const { promptTokens, completionTokens, cachedTokens, reasoningTokens } = turn;
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: promptTokens + completionTokens,
  };
}
