import type { Turn } from '../conversations/turn.entity.js';
import { toIso } from '../time.js';
import type { AnswerFormat, StreamFormat, StreamHead } from './answer-format.js';

/** What the model thought, as far as it told, and its words. */
const wordsOf = (text: string, reasoning: string | null = null) => [
  ...(reasoning ? [{ event: 'reasoning', payload: { text: reasoning } }] : []),
  ...(text !== '' || !reasoning ? [{ event: 'delta', payload: { text } }] : []),
];

const stream = ({ turnId, conversationId }: StreamHead): StreamFormat => ({
  start: () => [{ event: 'start', payload: { turn: turnId, conversation: conversationId } }],
  delta: ({ text, reasoning }) => wordsOf(text, reasoning),
  replay: (turn) => wordsOf(turn.response, turn.reasoning),
  end: (turn) => [{ event: 'done', payload: doneToWire(turn) }],
  failure: (body) => [{ event: 'error', payload: body }],
});

/** Answers as the routes below `/api` write them. */
export const chatFormat: AnswerFormat = { whole: answerToWire, stream };

function answerToWire({ message, response, createdAt }: Turn) {
  return { message, response, timestamp: toIso(createdAt) };
}

function doneToWire(turn: Turn) {
  return {
    ...answerToWire(turn),
    turn: turn.id,
    conversation: turn.conversationId,
    tokens_charged: turn.amount,
    tokens_balance: turn.availableAfter,
    finish_reason: turn.finishReason,
  };
}
