import { InsufficientBalance, ModelNotFound, StorageFull, ValidationFailed } from '../errors.js';
import { describeRoute, type ParameterDescription } from '../openapi/route-docs.js';
import { PAID_HEADERS, PROVIDER_ERRORS } from '../chat/chat.docs.js';
import { CompletionAnswerDto, ModelDto, ModelListDto } from './completion-answers.dto.js';
import { COMPLETION_EVENTS } from './completion-events.docs.js';
import { CompletionDto } from './completion.dto.js';

const MODEL_ID: ParameterDescription = {
  name: 'id',
  in: 'path',
  description: 'The name of the model.',
  required: true,
  schema: { type: 'string', examples: ['echo'] },
};
const messages = [
  { role: 'system', content: 'Answer in one sentence.' },
  { role: 'user', content: 'Hello, how does this work?' },
];

export const OpenAiDocs = {
  complete: () =>
    describeRoute({
      id: 'createChatCompletion',
      tag: 'OpenAI',
      summary: 'Complete a chat',
      description:
        'For unmodified OpenAI clients. Set their base URL to `/v1` and their key to a credential. Charged and stored like any other message. Each call opens a new conversation. Fields that are not listed (`service_tier`, `store`, …) are ignored.',
      body: {
        type: CompletionDto,
        isJsonOnly: true,
        examples: {
          question: { summary: 'A question', value: { model: 'echo', messages } },
          stream: {
            summary: 'As a stream',
            value: {
              model: 'echo',
              messages,
              stream: true,
              stream_options: { include_usage: true },
            },
          },
        },
      },
      idempotencyKey: 'optional',
      answers: {
        200: {
          description: 'The answer. It is streamed as events if `stream` is true.',
          type: CompletionAnswerDto,
          content: COMPLETION_EVENTS,
          headers: PAID_HEADERS,
        },
      },
      errors: [
        new ValidationFailed({ 'messages[0].role': ['Invalid value.'] }),
        new InsufficientBalance(100, 40),
        new StorageFull(),
        new ModelNotFound('oracle'),
        ...PROVIDER_ERRORS,
      ],
    }),

  models: () =>
    describeRoute({
      id: 'listModels',
      tag: 'OpenAI',
      summary: 'List the models',
      answers: { 200: { description: 'The models.', type: ModelListDto } },
    }),

  model: () =>
    describeRoute({
      id: 'readModel',
      tag: 'OpenAI',
      summary: 'Read one model',
      parameters: [MODEL_ID],
      answers: { 200: { description: 'The model.', type: ModelDto } },
      errors: [new ModelNotFound('oracle')],
    }),
};
