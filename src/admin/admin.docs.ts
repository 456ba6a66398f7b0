import { NotFound, PermissionDenied } from '../errors.js';
import { PAGE_PARAMETERS } from '../openapi/page.dto.js';
import { describeRoute, type ParameterDescription } from '../openapi/route-docs.js';
import {
  CodeDto,
  CreditDto,
  GrantedDto,
  UserChangeDto,
  UserDto,
  UserPageDto,
} from './admin.dto.js';

const staffOnly = new PermissionDenied();

const USERNAME: ParameterDescription = {
  name: 'username',
  in: 'path',
  description: 'In any case.',
  required: true,
  schema: { type: 'string', examples: ['grace'] },
};

const SEARCH: ParameterDescription = {
  name: 'search',
  in: 'query',
  description: 'Only users whose name contains this.',
  schema: { type: 'string' },
};

export const AdminDocs = {
  list: () =>
    describeRoute({
      id: 'listUsers',
      tag: 'Operators',
      summary: 'Read the users',
      parameters: [...PAGE_PARAMETERS, SEARCH],
      answers: { 200: { description: 'A page of users.', type: UserPageDto } },
      errors: [staffOnly, new NotFound('Invalid cursor')],
    }),

  change: () =>
    describeRoute({
      id: 'changeUser',
      tag: 'Operators',
      summary: 'Lock a user out, or let them in',
      description: 'Holds from the next request on.',
      parameters: [USERNAME],
      body: {
        type: UserChangeDto,
        examples: {
          lock: { summary: 'Lock out', value: { active: false } },
          unlock: { summary: 'Let in', value: { active: true } },
        },
      },
      answers: { 200: { description: 'The user.', type: UserDto } },
      errors: [staffOnly, new NotFound()],
    }),

  grant: () =>
    describeRoute({
      id: 'grantTokens',
      tag: 'Operators',
      summary: 'Give tokens to a user',
      parameters: [USERNAME],
      body: {
        type: CreditDto,
        examples: {
          goodwill: { summary: 'A gift', value: { amount: 1000, reason: 'goodwill' } },
        },
      },
      idempotencyKey: 'required',
      answers: { 201: { description: 'Granted.', type: GrantedDto } },
      errors: [staffOnly, new NotFound()],
    }),

  code: () =>
    describeRoute({
      id: 'makeCode',
      tag: 'Operators',
      summary: 'Make a code that is worth tokens',
      body: {
        type: CreditDto,
        examples: {
          voucher: { summary: 'A voucher', value: { amount: 500, reason: 'voucher' } },
        },
      },
      answers: {
        201: {
          description: 'The code, which is told this once.',
          type: CodeDto,
          links: {
            redeemCode: {
              operationId: 'redeemCode',
              requestBody: { code: '$response.body#/code' },
              description: 'What its holder does with it.',
            },
          },
        },
      },
      errors: [staffOnly],
    }),
};
