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

/** In no text of a head, so that it stands in the chunk's JSON once. */
const PLACE = '\0';

/** Writes the chunks of an answer's text, of which there are thousands, and which differ in the text alone. */
function textChunks(make: (content: string) => object): (text: string) => string {
  let around: readonly string[] | undefined;
  return (text) => {
    around ??= JSON.stringify(make(PLACE)).split(JSON.stringify(PLACE));
    return around.join(JSON.stringify(text));
  };
}

/**
 * Answers as OpenAI's clients read them. The order of a stream is OpenAI's: the role, the words, the reason
 * of the end, the usage, `[DONE]`.
 */
export const completionFormat = (tellsUsage: boolean): AnswerFormat => ({
  whole: toCompletion,
  stream: (head) => {
    const fixed = headOf(head.turnId, head.modelId);
    // Who answers may change until the first word.
    const now = () => ({ ...fixed, model: head.modelId });
    const chunk = (delta: ChunkDelta, finishReason: string | null = null) => ({
      payload: toChunk(now(), delta, finishReason, tellsUsage),
    });
    const pieceOfText = textChunks((content) => toChunk(now(), { content }, null, tellsUsage));
    return {
      start: () => [chunk({ role: 'assistant', content: '', refusal: null })],
      delta: ({ text, reasoning, toolCalls }) => [
        reasoning === undefined && !toolCalls
          ? { payload: pieceOfText(text) }
          : chunk({
              ...(reasoning !== undefined && { reasoning_content: reasoning }),
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
