import type { Turn } from '../conversations/turn.entity.js';
import { toIso } from '../time.js';
import type { AnswerFormat, StreamFormat } from './answer-format.js';

const wordsOf = (text: string) => [{ event: 'delta', payload: { text } }];

const stream: StreamFormat = {
  start: () => [],
  delta: ({ text }) => wordsOf(text),
  replay: (turn) => wordsOf(turn.response),
  end: (turn) => [{ event: 'done', payload: doneToWire(turn) }],
  failure: (body) => [{ event: 'error', payload: body }],
};

/** Answers as the routes below `/api` write them. */
export const chatFormat: AnswerFormat = { whole: answerToWire, stream: () => stream };

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
