import { PAID_HEADERS, PROVIDER_ERRORS } from '../chat/chat.docs.js';
import {
  InsufficientBalance,
  ModelNotFound,
  NotFound,
  PreviousResponseNotFound,
  StorageFull,
  ValidationFailed,
} from '../errors.js';
import { describeRoute, type ParameterDescription } from '../openapi/route-docs.js';
import { ResponseDeletedDto, ResponseDto } from './response-answers.dto.js';
import { ResponseBodyDto } from './response-body.dto.js';
import { RESPONSE_EVENTS } from './response-events.docs.js';

const EXAMPLES = {
  question: {
    summary: 'A question',
    value: { model: 'echo', input: 'Hello, how does this work?' },
  },
  items: {
    summary: 'With a function',
    value: {
      model: 'echo',
      input: [{ role: 'user', content: [{ type: 'input_text', text: '1 + 2?' }] }],
      instructions: 'Be brief.',
      tools: [{ type: 'function', name: 'add', parameters: { type: 'object' } }],
    },
  },
};

const EXAMPLE_ID = 'resp_0198bf9e6c5b7c1ea3c79d2f4b8e6a10';
const RESPONSE_ID: ParameterDescription = {
  name: 'id',
  in: 'path',
  description: 'The response.',
  required: true,
  schema: { type: 'string', pattern: '^resp_[0-9a-f]{32}$' },
};

const missing = new NotFound(`Response with id '${EXAMPLE_ID}' not found.`);
const byId = (operationId: string, description: string) => ({
  operationId,
  description,
  parameters: { id: '$response.body#/id' },
});

export const ResponseDocs = {
  create: () =>
    describeRoute({
      id: 'createResponse',
      tag: 'OpenAI',
      summary: 'Create a response',
      description:
        "OpenAI's Responses API, for its clients and their agents. Charged and stored like any other message. `previous_response_id` can name any of the caller's own turns, and continues its conversation. Fields that are not listed are ignored.",
      body: {
        type: ResponseBodyDto,
        isJsonOnly: true,
        examples: EXAMPLES,
      },
      idempotencyKey: 'optional',
      answers: {
        200: {
          description: 'The response. It is streamed as events if `stream` is true.',
          type: ResponseDto,
          content: RESPONSE_EVENTS,
          headers: PAID_HEADERS,
          links: {
            readResponse: byId('readResponse', 'Read the response again.'),
            deleteResponse: byId('deleteResponse', 'Delete the response.'),
          },
        },
      },
      errors: [
        new ValidationFailed({ 'input[0].role': ['Invalid value.'] }),
        new InsufficientBalance(100, 40),
        new StorageFull(),
        new ModelNotFound('oracle'),
        new PreviousResponseNotFound(EXAMPLE_ID),
        new NotFound("Item with id 'msg_1' not found."),
        ...PROVIDER_ERRORS,
      ],
    }),

  read: () =>
    describeRoute({
      id: 'readResponse',
      tag: 'OpenAI',
      summary: 'Read a response',
      description:
        'Any turn of the history can be read as a response. A turn that was created through another route has the default settings.',
      parameters: [RESPONSE_ID],
      answers: { 200: { description: 'The response.', type: ResponseDto } },
      errors: [missing],
    }),

  remove: () =>
    describeRoute({
      id: 'deleteResponse',
      tag: 'OpenAI',
      summary: 'Delete a response',
      description:
        'Permanently deletes its turn from the history. The ledger keeps its charge. Later responses of the same conversation are not deleted, but the model no longer gets this turn.',
      parameters: [RESPONSE_ID],
      answers: { 200: { description: 'Deleted.', type: ResponseDeletedDto } },
      errors: [missing],
    }),
};
