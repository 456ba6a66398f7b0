import type { HeaderObject, SchemaObject } from '@nestjs/swagger';
import {
  ConversationBusy,
  InsufficientBalance,
  NotFound,
  ProviderBodyTooLarge,
  ProviderBusy,
  ProviderFailed,
  ProviderRefused,
  ProviderTimedOut,
  StorageFull,
  ValidationFailed,
} from '../errors.js';
import {
  ALWAYS_ON_JSON,
  describeRoute,
  TURN_EXAMPLE,
  type ParameterDescription,
} from '../openapi/route-docs.js';
import { CHAT_EVENTS, CHAT_OR_UI_EVENTS } from './chat-events.docs.js';
import { ChatAnswerDto, ChatDto, MessageDto, QuoteDto } from './chat.dto.js';
import { UiChatDto } from './ui-chat.dto.js';
import { CONVERSATION_ID } from '../conversations/conversations.docs.js';

/**
 * Describes a header that every JSON answer has. A stream begins before its price is known, so its last event
 * has the price.
 */
const paid = (
  description: string,
  schema: SchemaObject,
): HeaderObject & { [ALWAYS_ON_JSON]: true } => ({
  description,
  schema,
  [ALWAYS_ON_JSON]: true,
});
const IN_THE_LAST = 'A stream has it in its last event instead.';
const whole: SchemaObject = { type: 'integer', minimum: 0 };
const id: SchemaObject = { type: 'string', format: 'uuid' };

/** The headers with the price of a paid answer. The price is not in the body, because the body is the reference's. */
export const PAID_HEADERS = {
  'Tokens-Charged': paid(`The tokens that this answer cost. ${IN_THE_LAST}`, whole),
  'Tokens-Balance': paid(`The tokens that can be spent after it. ${IN_THE_LAST}`, whole),
  'Turn-Id': paid('The saved turn. A stream also has this header.', id),
  'Conversation-Id': paid('The conversation of the turn. A stream also has this header.', id),
  Model: {
    description: 'The model that answered. Present only if it is not the model of the request.',
    schema: { type: 'string' } satisfies SchemaObject,
  },
};

const TURN: ParameterDescription = {
  name: 'turn',
  in: 'path',
  description: 'The turn that the answer will be saved as.',
  required: true,
  schema: id,
};

/** A paid answer of the routes below `/api`. */
const PAID_ANSWER = {
  description:
    'The answer. It is streamed as events if `stream` or `Accept: text/event-stream` asks for that.',
  type: ChatAnswerDto,
  content: CHAT_EVENTS,
  headers: PAID_HEADERS,
};

const UI_STREAM_HEADER: Record<string, HeaderObject> = {
  'x-vercel-ai-ui-message-stream': {
    description: 'The version of the format. Only on a UI message stream.',
    schema: { type: 'string', enum: ['v1'] },
  },
};

const CHAT_ID: ParameterDescription = {
  name: 'id',
  in: 'path',
  description: "The client's own id of the chat.",
  required: true,
  schema: { type: 'string', examples: ['kQ2bVwUaZ7xDgT1c'] },
};

/** The errors of a model's provider. */
export const PROVIDER_ERRORS = [
  new ProviderRefused("This model's maximum context length is 8192 tokens.", { isTooLong: true }),
  new ProviderRefused('The model refused the request. Nothing was charged.'),
  new ProviderBodyTooLarge('The model refused the request. Nothing was charged.'),
  new ProviderFailed(),
  new ProviderBusy(5),
  new ProviderTimedOut(),
];

/** The errors that a paid message can get. */
const PAID_ERRORS = [
  new ValidationFailed({ message: ['This field may not be blank.'] }),
  new InsufficientBalance(100, 40),
  new InsufficientBalance(100, 4000, 'daily'),
  new StorageFull(),
  new NotFound(),
  new ConversationBusy(TURN_EXAMPLE),
  ...PROVIDER_ERRORS,
];

export const ChatDocs = {
  send: () =>
    describeRoute({
      id: 'sendMessage',
      tag: 'Chat',
      summary: 'Send a message',
      description:
        "Answers the message, saves both, and charges the wallet, all or nothing. After an error nothing was charged, except on a stream. If `message` is absent, the route accepts `messages` of the AI SDK's `useChat()`, and answers with its UI message stream.",
      body: {
        type: ChatDto,
        otherType: UiChatDto,
        examples: {
          question: { summary: 'A question', value: { message: 'Hello, how does this work?' } },
          stream: { summary: 'As a stream', value: { message: 'Hi', stream: true } },
          useChat: {
            summary: "From the AI SDK's useChat()",
            value: {
              id: 'kQ2bVwUaZ7xDgT1c',
              messages: [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
            },
          },
        },
      },
      idempotencyKey: 'optional',
      answers: {
        200: {
          ...PAID_ANSWER,
          content: CHAT_OR_UI_EVENTS,
          headers: { ...PAID_HEADERS, ...UI_STREAM_HEADER },
        },
      },
      errors: PAID_ERRORS,
    }),

  resume: () =>
    describeRoute({
      id: 'resumeChat',
      tag: 'Chat',
      summary: 'Ask whether an answer can be resumed',
      description:
        "For the AI SDK's `useChat()`, with its own id of the chat. No answer can be resumed. An answer stops when its client disconnects, and the history has the output so far.",
      parameters: [CHAT_ID],
      answers: { 204: { description: 'There is nothing to resume.' } },
    }),

  quote: () =>
    describeRoute({
      id: 'quoteMessage',
      tag: 'Chat',
      summary: 'Get the price of a message',
      description: 'Asks no model, holds no tokens, and is free.',
      body: {
        type: ChatDto,
        examples: { question: { summary: 'A question', value: { message: 'Hello?' } } },
      },
      answers: { 200: { description: 'The price.', type: QuoteDto } },
      errors: [new ValidationFailed({ message: ['This field may not be blank.'] }), new NotFound()],
    }),

  stop: () =>
    describeRoute({
      id: 'stopAnswer',
      tag: 'Chat',
      summary: 'Stop an answer',
      description:
        "Stops one of the caller's own answers that is in progress on any route, with or without an `Idempotency-Key`. The output so far is saved, and costs the same as if the client had disconnected. A client that reads the answer gets this output, with the `finish_reason` `cancelled`. The answer is 204 when this is done and the conversation accepts messages again. The id of the turn is in the headers of a stream, in its event `start`, and in the headers of a 409.",
      parameters: [TURN],
      answers: { 204: { description: 'The answer was stopped.' } },
      errors: [new NotFound()],
    }),

  sendInConversation: () =>
    describeRoute({
      id: 'sendInConversation',
      tag: 'Conversations',
      summary: 'Send a message in a conversation',
      description:
        'Like *Send a message*. The model also gets the `system` text and the newest earlier turns that fit its context. A second message gets 409 while an answer is in progress.',
      parameters: [CONVERSATION_ID],
      body: { type: MessageDto, examples: {} },
      idempotencyKey: 'optional',
      answers: {
        200: {
          ...PAID_ANSWER,
          links: {
            readTurn: {
              operationId: 'readTurn',
              description: 'The saved turn.',
              parameters: { id: '$response.header.Turn-Id' },
            },
          },
        },
      },
      errors: PAID_ERRORS,
    }),
};
