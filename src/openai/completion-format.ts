import type { AnswerFormat } from '../chat/answer-format.js';
import {
  finishReasonOf,
  headOf,
  toChunk,
  toCompletion,
  toUsageChunk,
  toWholeDelta,
} from './completion-wire.js';
import type { ChunkDelta } from './completion-wire.js';

/** A placeholder that no text of a head contains, so it occurs once in the chunk's JSON. */
const TEXT_PLACEHOLDER = '\0';

/**
 * Returns a function that serialises the chunks of an answer's text. An answer has thousands of them, and
 * they differ only in the text, so the rest is serialised once.
 */
function textChunks(make: (content: string) => object): (text: string) => string {
  let around: readonly string[] | undefined;
  return (text) => {
    around ??= JSON.stringify(make(TEXT_PLACEHOLDER)).split(JSON.stringify(TEXT_PLACEHOLDER));
    return around.join(JSON.stringify(text));
  };
}

/**
 * Formats answers for OpenAI's clients. A stream has OpenAI's order: the role, the words, the finish reason,
 * the usage, `[DONE]`.
 */
export const completionFormat = (includesUsage: boolean): AnswerFormat => ({
  whole: toCompletion,
  stream: (head) => {
    const fixed = headOf(head.turnId, head.modelId);
    // A fallback may still replace the model until the first word.
    const now = () => ({ ...fixed, model: head.modelId });
    const chunk = (delta: ChunkDelta, finishReason: string | null = null) => ({
      payload: toChunk(now(), delta, finishReason, includesUsage),
    });
    const pieceOfText = textChunks((content) => toChunk(now(), { content }, null, includesUsage));
    return {
      start: () => [chunk({ role: 'assistant', content: '', refusal: null })],
      delta: ({ text, reasoning, thoughtParts, toolCalls }) => [
        reasoning === undefined && !toolCalls && !thoughtParts
          ? { payload: pieceOfText(text) }
          : chunk({
              ...(reasoning !== undefined && { reasoning_content: reasoning }),
              ...thoughtParts,
              ...(text !== '' && { content: text }),
              ...(toolCalls && { tool_calls: toolCalls }),
            }),
      ],
      replay: (turn) => [chunk(toWholeDelta(turn))],
      end: (turn) => [
        chunk({}, finishReasonOf(turn)),
        ...(includesUsage ? [{ payload: toUsageChunk(now(), turn) }] : []),
        { payload: '[DONE]' },
      ],
      failure: (body) => [{ payload: body }],
    };
  },
});
