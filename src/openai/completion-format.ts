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
    return {
      start: () => [chunk({ role: 'assistant', content: '', refusal: null })],
      delta: ({ text, reasoning, toolCalls }) => [
        chunk({
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
