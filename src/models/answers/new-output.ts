import type { AnswerState } from './answer-machine.js';
import { repeatsCalls } from './call-pieces.js';
import type { Chunk } from './chunk.js';
import { newParts } from './known-parts.js';

/**
 * Returns the new output of an event. A delta is always new. If a message begins with the output so far, the rest is
 * new. Otherwise, if all output came in messages, the whole message is new. If output came in deltas, the message
 * repeats it in other words, and nothing is new. As long as no text of a choice has added anything, a text that begins
 * with everything so far adds only the rest.
 */
export function newOutput(state: AnswerState, chunk: Chunk) {
  const { textSoFar, reasoningSoFar, partsSoFar, usesDeltas, usesTexts, calls } = state;
  const { text, reasoning, thoughtParts, pieces, isMessage, isText } = chunk;
  if (isText && !usesTexts && text.startsWith(textSoFar))
    return { ...chunk, text: text.slice(textSoFar.length) };
  if (!isMessage) return chunk;
  const rest = (before: string, now: string) => {
    if (now.startsWith(before)) return now.slice(before.length);
    return usesDeltas ? '' : now;
  };
  return {
    text: rest(textSoFar, text),
    reasoning: rest(reasoningSoFar, reasoning),
    thoughtParts: thoughtParts && newParts(partsSoFar, thoughtParts, usesDeltas),
    pieces: usesDeltas && !repeatsCalls(calls, pieces) ? [] : pieces,
  };
}
