import type { ChatAnswerDto } from './chat.dto.js';
import type { Turn } from '../conversations/turn.entity.js';
import { toIso } from '../time.js';
import type { AnswerFormat, StreamFormat, StreamHead } from './answer-format.js';

/** Returns the events for what the model thought, if the provider reports it, and for its words. */
const wordsOf = (text: string, reasoning: string | null = null) => [
  ...(reasoning ? [{ event: 'reasoning', payload: { text: reasoning } }] : []),
  ...(text !== '' || !reasoning ? [{ event: 'delta', payload: { text } }] : []),
];

const stream = ({ turnId, conversationId }: StreamHead): StreamFormat => ({
  start: () => [{ event: 'start', payload: { turn: turnId, conversation: conversationId } }],
  // Parts of the thinking are not sent here, because clients of these routes send nothing back.
  delta: ({ text, reasoning, thoughtParts }) =>
    thoughtParts && text === '' && !reasoning ? [] : wordsOf(text, reasoning),
  replay: (turn) => wordsOf(turn.response, turn.reasoning),
  end: (turn) => [{ event: 'done', payload: doneToWire(turn) }],
  failure: (body) => [{ event: 'error', payload: body }],
});

/** The answer format of the routes below `/api`. */
export const chatFormat: AnswerFormat = { whole: answerToWire, stream };

function answerToWire({ message, response, createdAt }: Turn) {
  return { message, response, timestamp: toIso(createdAt) } satisfies ChatAnswerDto;
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
