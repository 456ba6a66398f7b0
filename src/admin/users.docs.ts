import { NotFound, PermissionDenied, Unavailable, ValidationFailed } from '../errors.js';
import { PAGE_PARAMETERS } from '../openapi/page.dto.js';
import { describeRoute, type ParameterDescription } from '../openapi/route-docs.js';
import { CreditDto, GrantedDto } from './admin.dto.js';
import { CreatedUserDto, NewUserDto, UserChangeDto, UserDto, UserPageDto } from './users.dto.js';

const staffOnly = new PermissionDenied();

const USERNAME: ParameterDescription = {
  name: 'username',
  in: 'path',
  description: 'In any case; or `id:` and the `id` of the user.',
  required: true,
  schema: { type: 'string', examples: ['grace'] },
};

const SEARCH: ParameterDescription = {
  name: 'search',
  in: 'query',
  description: 'Only users whose name contains this.',
  schema: { type: 'string' },
};

const REASON: ParameterDescription = {
  name: 'reason',
  in: 'query',
  description: 'Why, in 200 characters at most. Kept in the trail.',
  schema: { type: 'string', maxLength: 200 },
};

export const UserDocs = {
  list: () =>
    describeRoute({
      id: 'listUsers',
      tag: 'Operators',
      summary: 'Read the users',
      parameters: [...PAGE_PARAMETERS, SEARCH],
      answers: { 200: { description: 'A page of users.', type: UserPageDto } },
      errors: [
        staffOnly,
        new NotFound('Invalid cursor'),
        new ValidationFailed({ search: ['Null characters are not allowed.'] }),
      ],
    }),

  create: () =>
    describeRoute({
      id: 'createUser',
      tag: 'Operators',
      summary: 'Make a user',
      description:
        'With a wallet and its opening grant, also where registration is closed. Without a password the user sets one by `password_token`.',
      body: {
        type: NewUserDto,
        examples: {
          dorothy: {
            summary: 'Who sets a password by a token',
            value: { username: 'dorothy', email: 'dorothy@example.com' },
          },
        },
      },
      answers: {
        201: {
          description: 'The user.',
          type: CreatedUserDto,
          links: {
            confirmPasswordReset: {
              operationId: 'confirmPasswordReset',
              requestBody: {
                token: '$response.body#/password_token',
                new_password: 'strongpassword789',
              },
              description: 'What the user does with the token.',
            },
          },
        },
      },
      errors: [
        staffOnly,
        new ValidationFailed({ username: ['A user with that username already exists.'] }),
        new Unavailable('Too many logins are waiting.', 1),
      ],
    }),

  change: () =>
    describeRoute({
      id: 'changeUser',
      tag: 'Operators',
      summary: 'Lock a user out or let them in, and say who is an operator',
      description:
        'Holds from the next request on. Who is locked out has no session left when they are let in again. Operators cannot take their own part away.',
      parameters: [USERNAME],
      body: {
        type: UserChangeDto,
        examples: {
          lock: { summary: 'Lock out', value: { active: false, reason: 'a stolen password' } },
          unlock: { summary: 'Let in', value: { active: true } },
          promote: { summary: 'Make an operator', value: { staff: true } },
        },
      },
      answers: { 200: { description: 'The user.', type: UserDto } },
      errors: [
        staffOnly,
        new NotFound(),
        new ValidationFailed({ staff: ['You cannot take this away from yourself.'] }),
      ],
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

  endSessions: () =>
    describeRoute({
      id: 'endSessionsOfUser',
      tag: 'Operators',
      summary: 'End all sessions of a user',
      description: 'Every access token and JWT, from the next request on.',
      parameters: [USERNAME, REASON],
      answers: { 204: { description: 'None serves any more.' } },
      errors: [
        staffOnly,
        new NotFound(),
        new ValidationFailed({ reason: ['Ensure this field has no more than 200 characters.'] }),
      ],
    }),
};
