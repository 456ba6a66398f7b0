import { NotFound, ValidationFailed } from '../errors.js';
import { PAGE_PARAMETERS } from '../openapi/page.dto.js';
import { describeRoute, type ParameterDescription } from '../openapi/route-docs.js';
import {
  CreatedKeyDto,
  KeyChangeDto,
  KeyDto,
  KeyPageDto,
  NewKeyDto,
  RotationDto,
} from './keys.dto.js';

const ID: ParameterDescription = {
  name: 'id',
  in: 'path',
  description: 'Of a key of your own.',
  required: true,
  schema: { type: 'string', format: 'uuid' },
};

const wrong = new ValidationFailed({ scopes: ['"admin" is not a valid choice.'] });

/** Links from a key that was just made to the routes that take its id. */
const linkTo = (operationId: string, description: string) => ({
  [operationId]: { operationId, parameters: { id: '$response.body#/id' }, description },
});

export const KeyDocs = {
  list: () =>
    describeRoute({
      id: 'listKeys',
      tag: 'API keys',
      summary: 'Read your API keys',
      description: 'Also those that have expired.',
      parameters: PAGE_PARAMETERS,
      answers: {
        200: {
          description: 'A page of keys.',
          type: KeyPageDto,
        },
      },
      errors: [new NotFound('Invalid cursor')],
    }),

  create: () =>
    describeRoute({
      id: 'createKey',
      tag: 'API keys',
      summary: 'Make an API key',
      description: 'The key itself is shown once. A person may have a hundred.',
      body: {
        type: NewKeyDto,
        examples: {
          laptop: { summary: 'All that a key can do', value: { name: 'laptop' } },
          script: {
            summary: 'A thousand tokens a day, for chat alone',
            value: { name: 'script', scopes: ['chat'], limit: 1000, limit_reset: 'daily' },
          },
        },
      },
      answers: {
        201: {
          description: 'Made.',
          type: CreatedKeyDto,
          links: {
            ...linkTo('readKey', 'Reads it.'),
            ...linkTo('changeKey', 'Changes it.'),
            ...linkTo('rotateKey', 'Replaces it.'),
            ...linkTo('deleteKey', 'Deletes it.'),
          },
        },
      },
      errors: [wrong],
    }),

  current: () =>
    describeRoute({
      id: 'readCurrentKey',
      tag: 'API keys',
      summary: 'Read the key that this request is sent with',
      description: '404 for a session.',
      answers: { 200: { description: 'The key.', type: KeyDto } },
      errors: [new NotFound()],
    }),

  read: () =>
    describeRoute({
      id: 'readKey',
      tag: 'API keys',
      summary: 'Read an API key',
      parameters: [ID],
      answers: { 200: { description: 'The key.', type: KeyDto } },
      errors: [new NotFound()],
    }),

  change: () =>
    describeRoute({
      id: 'changeKey',
      tag: 'API keys',
      summary: 'Change an API key',
      description: 'What is left out stays as it is.',
      parameters: [ID],
      body: {
        type: KeyChangeDto,
        examples: { limit: { summary: 'Another limit', value: { limit: 5000 } } },
      },
      answers: { 200: { description: 'The key.', type: KeyDto } },
      errors: [wrong, new NotFound()],
    }),

  rotate: () =>
    describeRoute({
      id: 'rotateKey',
      tag: 'API keys',
      summary: 'Replace the key by another',
      description:
        'Name, scopes, limit and what was spent stay. The key of before serves on for `overlap_seconds`, at most a week; ten such at once.',
      parameters: [ID],
      body: {
        type: RotationDto,
        examples: { hour: { summary: 'Within an hour', value: { overlap_seconds: 3600 } } },
      },
      answers: { 201: { description: 'Rotated.', type: CreatedKeyDto } },
      errors: [
        new ValidationFailed({
          overlap_seconds: ['Ensure this value is greater than or equal to 0.'],
        }),
        new NotFound(),
      ],
    }),

  remove: () =>
    describeRoute({
      id: 'deleteKey',
      tag: 'API keys',
      summary: 'Delete an API key',
      description: 'What it has spent stays in the ledger, under its name.',
      parameters: [ID],
      answers: { 204: { description: 'It serves no more.' } },
      errors: [new NotFound()],
    }),
};
