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
const PLACE = '\0';

/**
 * Returns a function that serialises the chunks of an answer's text. An answer has thousands of them, and
 * they differ only in the text, so the rest is serialised once.
 */
function textChunks(make: (content: string) => object): (text: string) => string {
  let around: readonly string[] | undefined;
  return (text) => {
    around ??= JSON.stringify(make(PLACE)).split(JSON.stringify(PLACE));
    return around.join(JSON.stringify(text));
  };
}

/**
 * Formats answers for OpenAI's clients. A stream has OpenAI's order: the role, the words, the finish reason,
 * the usage, `[DONE]`.
 */
export const completionFormat = (tellsUsage: boolean): AnswerFormat => ({
  whole: toCompletion,
  stream: (head) => {
    const fixed = headOf(head.turnId, head.modelId);
    // A fallback may still replace the model until the first word.
    const now = () => ({ ...fixed, model: head.modelId });
    const chunk = (delta: ChunkDelta, finishReason: string | null = null) => ({
      payload: toChunk(now(), delta, finishReason, tellsUsage),
    });
    const pieceOfText = textChunks((content) => toChunk(now(), { content }, null, tellsUsage));
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
        ...(tellsUsage ? [{ payload: toUsageChunk(now(), turn) }] : []),
        { payload: '[DONE]' },
      ],
      failure: (body) => [{ payload: body }],
    };
  },
});
