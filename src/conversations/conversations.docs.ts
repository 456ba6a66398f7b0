import {
  ConversationBusy,
  InsufficientBalance,
  NotFound,
  ProviderFailed,
  ProviderTimedOut,
  ValidationFailed,
} from '../errors.js';
import { PAGE_PARAMETERS } from '../openapi/page.dto.js';
import { describeRoute, type ParameterDescription } from '../openapi/route-docs.js';
import { EVENTS, PAID_HEADERS } from '../chat/chat.docs.js';
import { ChatAnswerDto, MessageDto, TurnPageDto } from '../chat/chat.dto.js';
import {
  ConversationDto,
  ConversationExportDto,
  ConversationPageDto,
  ConversationSettingsDto,
} from './conversation.dto.js';

const ID: ParameterDescription = {
  name: 'id',
  in: 'path',
  description: 'The conversation.',
  required: true,
  schema: { type: 'string', format: 'uuid' },
};
const EXPORT_TYPE: ParameterDescription = {
  name: 'type',
  in: 'query',
  description: 'The form of the file.',
  schema: { type: 'string', enum: ['json', 'markdown'], default: 'json' },
};
const badModel = new ValidationFailed({ model: ['"oracle" is not a valid choice.'] });

/** A conversation of the examples is known once it is made, so the other routes are reached by links. */
const byId = (operationId: string, description: string, requestBody?: object) => ({
  operationId,
  description,
  parameters: { id: '$response.body#/id' },
  ...(requestBody && { requestBody }),
});

export const ConversationDocs = {
  list: () =>
    describeRoute({
      id: 'listConversations',
      tag: 'Conversations',
      summary: 'List conversations',
      description: 'A message sent on its own opened one too.',
      parameters: PAGE_PARAMETERS,
      answers: { 200: { description: 'A page of conversations.', type: ConversationPageDto } },
      errors: [new NotFound('Invalid cursor')],
    }),

  create: () =>
    describeRoute({
      id: 'openConversation',
      tag: 'Conversations',
      summary: 'Open a conversation',
      body: {
        type: ConversationSettingsDto,
        examples: {
          plain: { summary: 'With a name', value: { title: 'Holiday plans' } },
          system: { summary: 'With a rule', value: { system: 'Answer in one sentence.' } },
        },
      },
      answers: {
        201: {
          description: 'The new conversation.',
          type: ConversationDto,
          links: {
            sendInConversation: byId('sendInConversation', 'Say something in it.', {
              message: 'Hello again',
            }),
            readConversation: byId('readConversation', 'The conversation.'),
            changeConversation: byId('changeConversation', 'Rename it.', { title: 'Old plans' }),
            listTurnsOfConversation: byId('listTurnsOfConversation', 'What was said in it.'),
            exportConversation: byId('exportConversation', 'Take it away.'),
            deleteConversation: byId('deleteConversation', 'Delete it.'),
          },
        },
      },
      errors: [badModel],
    }),

  read: () =>
    describeRoute({
      id: 'readConversation',
      tag: 'Conversations',
      summary: 'Read a conversation',
      parameters: [ID],
      answers: { 200: { description: 'The conversation.', type: ConversationDto } },
      errors: [new NotFound()],
    }),

  change: () =>
    describeRoute({
      id: 'changeConversation',
      tag: 'Conversations',
      summary: 'Change a conversation',
      description: 'Sets the fields that are sent, and leaves the others.',
      parameters: [ID],
      body: { type: ConversationSettingsDto, examples: {} },
      answers: { 200: { description: 'The conversation as it is now.', type: ConversationDto } },
      errors: [badModel, new NotFound()],
    }),

  remove: () =>
    describeRoute({
      id: 'deleteConversation',
      tag: 'Conversations',
      summary: 'Delete a conversation',
      description:
        'With all its turns, for good. What they cost stays in the ledger. While an answer is under way: 409.',
      parameters: [ID],
      answers: { 204: { description: 'Deleted.' } },
      errors: [new NotFound(), new ConversationBusy()],
    }),

  turns: () =>
    describeRoute({
      id: 'listTurnsOfConversation',
      tag: 'Conversations',
      summary: 'Read what was said in a conversation',
      parameters: [ID, ...PAGE_PARAMETERS],
      answers: { 200: { description: 'A page of turns.', type: TurnPageDto } },
      errors: [new NotFound(), new NotFound('Invalid cursor')],
    }),

  send: () =>
    describeRoute({
      id: 'sendInConversation',
      tag: 'Conversations',
      summary: 'Send a message in a conversation',
      description:
        'As *Send a message*. The model is also told the `system` text and the earlier turns: the newest that fit its context. One answer at a time: 409 for a second.',
      parameters: [ID],
      body: { type: MessageDto, examples: {} },
      idempotencyKey: 'optional',
      answers: {
        200: {
          description:
            'The answer; as events where `stream` or `Accept: text/event-stream` asks for them.',
          type: ChatAnswerDto,
          content: EVENTS,
          headers: PAID_HEADERS,
          links: {
            readTurn: {
              operationId: 'readTurn',
              description: 'The saved turn.',
              parameters: { id: '$response.header.Turn-Id' },
            },
          },
        },
      },
      errors: [
        new ValidationFailed({ message: ['This field may not be blank.'] }),
        new InsufficientBalance(100, 40),
        new InsufficientBalance(100, 4000, 'daily'),
        new NotFound(),
        new ConversationBusy(),
        new ProviderFailed(),
        new ProviderTimedOut(),
      ],
    }),

  export: () =>
    describeRoute({
      id: 'exportConversation',
      tag: 'Conversations',
      summary: 'Take a conversation away',
      description: 'As a file, with every turn, oldest first.',
      parameters: [ID, EXPORT_TYPE],
      answers: {
        200: {
          description: 'The file.',
          type: ConversationExportDto,
          content: { 'text/markdown': { schema: { type: 'string' } } },
        },
      },
      errors: [new NotFound(), new ValidationFailed({ type: ['"pdf" is not a valid choice.'] })],
    }),
};
