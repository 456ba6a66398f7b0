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
  description: 'The id of one of your own keys.',
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
      summary: 'List your API keys',
      description: 'Includes expired keys.',
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
      summary: 'Create an API key',
      description: 'The key itself is shown only once. A user may have up to 100 keys.',
      body: {
        type: NewKeyDto,
        examples: {
          laptop: { summary: 'With all scopes', value: { name: 'laptop' } },
          script: {
            summary: 'Only for chat, 1,000 tokens a day',
            value: { name: 'script', scopes: ['chat'], limit: 1000, limit_reset: 'daily' },
          },
        },
      },
      answers: {
        201: {
          description: 'The new key.',
          type: CreatedKeyDto,
          links: {
            ...linkTo('readKey', 'Reads the key.'),
            ...linkTo('changeKey', 'Changes the key.'),
            ...linkTo('rotateKey', 'Replaces the key.'),
            ...linkTo('deleteKey', 'Deletes the key.'),
          },
        },
      },
      errors: [wrong],
    }),

  current: () =>
    describeRoute({
      id: 'readCurrentKey',
      tag: 'API keys',
      summary: 'Read the API key of this request',
      description: 'The answer is 404 if the request uses a session.',
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
      description: 'Fields that are absent are not changed.',
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
      summary: 'Replace an API key',
      description:
        'The name, scopes, limit and spent tokens stay the same. The old key stays valid for `overlap_seconds`, at most a week. At most ten old keys are valid at the same time.',
      parameters: [ID],
      body: {
        type: RotationDto,
        examples: {
          hour: {
            summary: 'The old key stays valid for an hour',
            value: { overlap_seconds: 3600 },
          },
        },
      },
      answers: { 201: { description: 'The key with its new secret.', type: CreatedKeyDto } },
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
      description: 'The ledger keeps what the key has spent, under its name.',
      parameters: [ID],
      answers: { 204: { description: 'The key was deleted.' } },
      errors: [new NotFound()],
    }),
};
