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
const IN_THE_LAST = 'A stream tells it in its last event instead.';
const whole: SchemaObject = { type: 'integer', minimum: 0 };
const id: SchemaObject = { type: 'string', format: 'uuid' };

/** The headers with the price of a paid answer. The price is not in the body, because the body is the reference's. */
export const PAID_HEADERS = {
  'Tokens-Charged': paid(`What this answer cost. ${IN_THE_LAST}`, whole),
  'Tokens-Balance': paid(`What can be spent after it. ${IN_THE_LAST}`, whole),
  'Turn-Id': paid('The turn that is saved. A stream has it in its head already.', id),
  'Conversation-Id': paid('The conversation of the turn. A stream has it in its head already.', id),
  Model: {
    description: 'Who answered, where it was another model than the one that was asked for.',
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
  description: 'The answer; as events where `stream` or `Accept: text/event-stream` asks for them.',
  type: ChatAnswerDto,
  content: CHAT_EVENTS,
  headers: PAID_HEADERS,
};

const UI_STREAM_HEADER: Record<string, HeaderObject> = {
  'x-vercel-ai-ui-message-stream': {
    description: 'On a UI message stream, the version of its form.',
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
        "Answers, saves both, and charges the wallet, all or nothing. An error other than on a stream means that nothing was charged. Where `message` is absent, `messages` of the AI SDK's `useChat()` are answered as its UI message stream.",
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
      summary: 'Ask whether an answer goes on',
      description:
        "For the AI SDK's `useChat()`, whose own id this is. Nothing is resumed: an answer stops when its reader leaves, and the history has what came.",
      parameters: [CHAT_ID],
      answers: { 204: { description: 'Nothing to read on.' } },
    }),

  quote: () =>
    describeRoute({
      id: 'quoteMessage',
      tag: 'Chat',
      summary: 'Ask what a message would cost',
      description: 'Asks no model, sets nothing aside, and is free of charge.',
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
        "Ends an answer of the caller's own that is under way, by any route, with an `Idempotency-Key` or without. What was produced is saved and costs what it would if its caller had left; whoever reads it is given it as the answer, `finish_reason` `cancelled`. 204 once that is done, and the conversation is free. The turn is named by the head of a stream, its event `start`, and a 409.",
      parameters: [TURN],
      answers: { 204: { description: 'Stopped.' } },
      errors: [new NotFound()],
    }),

  sendInConversation: () =>
    describeRoute({
      id: 'sendInConversation',
      tag: 'Conversations',
      summary: 'Send a message in a conversation',
      description:
        'As *Send a message*. The model is also told the `system` text and the earlier turns: the newest that fit its context. One answer at a time: 409 for a second.',
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
