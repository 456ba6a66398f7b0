import {
  LAST_LINE,
  always,
  errorShape,
  eventStream,
  eventsNamed,
  shape,
} from '../openapi/event-schemas.js';
import { TURN_EXAMPLE } from '../openapi/route-docs.js';
import type { SchemaObject } from '@nestjs/swagger';

const text: SchemaObject = { type: 'string' };
const whole: SchemaObject = { type: 'integer', minimum: 0 };
const id: SchemaObject = { type: 'string', format: 'uuid' };

const START = shape({ turn: id, conversation: id });
const DONE = shape({
  message: text,
  response: text,
  timestamp: { type: 'string', format: 'date-time' },
  turn: id,
  conversation: id,
  tokens_charged: whole,
  tokens_balance: whole,
  finish_reason: {
    type: 'string',
    enum: ['stop', 'length', 'tool_calls', 'content_filter', 'cancelled'],
  },
});

const CHAT_EVENT = eventsNamed(
  'ChatEvent',
  'The data of an event of a streamed answer. The first event is `start` (`{"turn", "conversation"}`). Then come events `delta` (`{"text"}`), and `reasoning` (`{"text"}`) with the thinking of the model. The last event is `done` or `error`. `done` has the answer, its price and its ids. Its `finish_reason` is `cancelled` if the answer was stopped. `error` has the body of an error answer. Comments (`: ping`) keep the connection open.',
  [
    START,
    shape({ text }),
    DONE,
    errorShape('Problem'),
    errorShape('ValidationErrors'),
    errorShape('InsufficientTokens'),
  ],
);

const chunk = (type: string, fields: Readonly<Record<string, SchemaObject>> = {}) =>
  shape({ type: always(type), ...fields });
const part = (kind: 'text' | 'reasoning') => [
  chunk(`${kind}-start`, { id: text }),
  chunk(`${kind}-delta`, { id: text, delta: text }),
  chunk(`${kind}-end`, { id: text }),
];
const messageMetadata = shape({
  tokens_charged: whole,
  tokens_balance: whole,
  turn: id,
  conversation: id,
});

const UI_MESSAGE_CHUNK = eventsNamed(
  'UiMessageChunk',
  "The data of an event of a UI message stream, in the format of the AI SDK's `useChat()`.",
  [
    chunk('start', { messageId: id }),
    chunk('start-step'),
    ...part('reasoning'),
    ...part('text'),
    chunk('finish-step'),
    chunk('finish', {
      finishReason: {
        type: 'string',
        enum: ['stop', 'length', 'tool-calls', 'content-filter', 'other'],
      },
      messageMetadata,
    }),
    chunk('error', { errorText: text }),
    LAST_LINE,
  ],
);

const EXAMPLES = {
  start: { turn: TURN_EXAMPLE, conversation: '0198bf9e-6c5b-7c1e-a3c7-9d2f4b8e6a11' },
  delta: { text: "This is a dummy AI response to your message: 'Hi'" },
  done: {
    message: 'Hi',
    response: "This is a dummy AI response to your message: 'Hi'",
    timestamp: '2025-08-19T00:48:00.123456Z',
    turn: TURN_EXAMPLE,
    conversation: '0198bf9e-6c5b-7c1e-a3c7-9d2f4b8e6a11',
    tokens_charged: 100,
    tokens_balance: 3900,
    finish_reason: 'stop',
  },
};

/** A streamed answer below `/api`. */
export const CHAT_EVENTS = eventStream(CHAT_EVENT, EXAMPLES);

/** A streamed answer on the route that also accepts `useChat()`. */
export const CHAT_OR_UI_EVENTS = eventStream({ anyOf: [CHAT_EVENT, UI_MESSAGE_CHUNK] }, EXAMPLES);
