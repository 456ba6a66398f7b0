import { ConversationBusy, NotFound, StorageFull, ValidationFailed } from '../errors.js';
import { PAGE_PARAMETERS } from '../openapi/page.dto.js';
import { describeRoute, TURN_EXAMPLE, type ParameterDescription } from '../openapi/route-docs.js';
import {
  ConversationDto,
  ConversationExportDto,
  ConversationPageDto,
  ConversationSettingsDto,
} from './conversation.dto.js';
import { ORDERINGS, ORDERING_DEFAULT } from './conversation-pages.js';
import { TurnPageDto } from './turn.dto.js';

export const CONVERSATION_ID: ParameterDescription = {
  name: 'id',
  in: 'path',
  description: 'The conversation.',
  required: true,
  schema: { type: 'string', format: 'uuid' },
};
const ORDERING: ParameterDescription = {
  name: 'ordering',
  in: 'query',
  description:
    'Order by the time of creation, or by the time of the last change or message. A minus means newest first. If a conversation changes between two pages, it may appear twice. Unchanged conversations are never missed. The order of changes is made for each page: with more than 2,000 conversations, a user can run one such request or search at a time.',
  schema: { type: 'string', enum: Object.keys(ORDERINGS), default: ORDERING_DEFAULT },
};
const EXPORT_TYPE: ParameterDescription = {
  name: 'type',
  in: 'query',
  description: 'The format of the file.',
  schema: { type: 'string', enum: ['json', 'markdown'], default: 'json' },
};
const badModel = new ValidationFailed({ model: ['"oracle" is not a valid choice.'] });

/** Links to a route by the id of a conversation. The id is known only after the example has created it. */
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
      description: 'A message that was sent without a conversation has also opened one.',
      parameters: [...PAGE_PARAMETERS, ORDERING],
      answers: { 200: { description: 'A page of conversations.', type: ConversationPageDto } },
      errors: [
        new NotFound('Invalid cursor'),
        new ValidationFailed({ ordering: ['"title" is not a valid choice.'] }),
      ],
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
          system: {
            summary: 'With instructions for the model',
            value: { system: 'Answer in one sentence.' },
          },
        },
      },
      answers: {
        201: {
          description: 'The new conversation.',
          type: ConversationDto,
          links: {
            sendInConversation: byId('sendInConversation', 'Send a message in the conversation.', {
              message: 'Hello again',
            }),
            readConversation: byId('readConversation', 'The conversation.'),
            changeConversation: byId('changeConversation', 'Rename the conversation.', {
              title: 'Old plans',
            }),
            listTurnsOfConversation: byId(
              'listTurnsOfConversation',
              'The turns of the conversation.',
            ),
            exportConversation: byId('exportConversation', 'Export the conversation.'),
            deleteConversation: byId('deleteConversation', 'Delete the conversation.'),
          },
        },
      },
      errors: [badModel, new StorageFull()],
    }),

  read: () =>
    describeRoute({
      id: 'readConversation',
      tag: 'Conversations',
      summary: 'Read a conversation',
      parameters: [CONVERSATION_ID],
      answers: { 200: { description: 'The conversation.', type: ConversationDto } },
      errors: [new NotFound()],
    }),

  change: () =>
    describeRoute({
      id: 'changeConversation',
      tag: 'Conversations',
      summary: 'Change a conversation',
      description: 'Fields that are absent are not changed.',
      parameters: [CONVERSATION_ID],
      body: { type: ConversationSettingsDto, examples: {} },
      answers: { 200: { description: 'The conversation as it is now.', type: ConversationDto } },
      errors: [badModel, new NotFound(), new StorageFull()],
    }),

  remove: () =>
    describeRoute({
      id: 'deleteConversation',
      tag: 'Conversations',
      summary: 'Delete a conversation',
      description:
        'Permanently deletes the conversation and all its turns. The ledger keeps their charges. While a message in it is being answered, this returns 409. A long conversation is deleted in parts, so an error, also a 409, may come after the oldest turns were deleted. The next request deletes the rest.',
      parameters: [CONVERSATION_ID],
      answers: { 204: { description: 'Deleted.' } },
      errors: [new NotFound(), new ConversationBusy(TURN_EXAMPLE)],
    }),

  turns: () =>
    describeRoute({
      id: 'listTurnsOfConversation',
      tag: 'Conversations',
      summary: 'List the turns of a conversation',
      parameters: [CONVERSATION_ID, ...PAGE_PARAMETERS],
      answers: { 200: { description: 'A page of turns.', type: TurnPageDto } },
      errors: [new NotFound(), new NotFound('Invalid cursor')],
    }),

  export: () =>
    describeRoute({
      id: 'exportConversation',
      tag: 'Conversations',
      summary: 'Export a conversation',
      description: 'Returns a file with every turn, oldest first.',
      parameters: [CONVERSATION_ID, EXPORT_TYPE],
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
