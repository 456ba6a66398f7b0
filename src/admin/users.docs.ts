import { NotFound, PermissionDenied, TooManyLogins, ValidationFailed } from '../errors.js';
import { PAGE_PARAMETERS } from '../openapi/page.dto.js';
import { describeRoute, type ParameterDescription } from '../openapi/route-docs.js';
import { CreditDto, GrantedDto } from './admin.dto.js';
import { CreatedUserDto, NewUserDto, UserChangeDto, UserDto, UserPageDto } from './users.dto.js';

const staffOnly = new PermissionDenied();

const USERNAME: ParameterDescription = {
  name: 'username',
  in: 'path',
  description: 'The username, in upper or lower case, or `id:` with the `id` of the user.',
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
  description: 'The reason, at most 200 characters. The trail stores it.',
  schema: { type: 'string', maxLength: 200 },
};

export const UserDocs = {
  list: () =>
    describeRoute({
      id: 'listUsers',
      tag: 'Operators',
      summary: 'List the users',
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
      summary: 'Create a user',
      description:
        'Also creates a wallet with its opening grant. Works even if registration is closed. Without a password, the user sets one with `password_token`.',
      body: {
        type: NewUserDto,
        examples: {
          dorothy: {
            summary: 'A user who sets a password with the token',
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
              description: 'The user sets a password with the token.',
            },
          },
        },
      },
      errors: [
        staffOnly,
        new ValidationFailed({ username: ['A user with that username already exists.'] }),
        new TooManyLogins(),
      ],
    }),

  change: () =>
    describeRoute({
      id: 'changeUser',
      tag: 'Operators',
      summary: 'Lock or unlock a user, and decide whether they are an operator',
      description:
        'Takes effect with the next request. Locking a user also ends all their sessions. Operators cannot lock themselves, or remove their own operator status.',
      parameters: [USERNAME],
      body: {
        type: UserChangeDto,
        examples: {
          lock: { summary: 'Lock', value: { active: false, reason: 'a stolen password' } },
          unlock: { summary: 'Unlock', value: { active: true } },
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
      answers: { 201: { description: 'The tokens were granted.', type: GrantedDto } },
      errors: [staffOnly, new NotFound()],
    }),

  endSessions: () =>
    describeRoute({
      id: 'endSessionsOfUser',
      tag: 'Operators',
      summary: 'End all sessions of a user',
      description: 'Ends every access token and JWT. Takes effect with the next request.',
      parameters: [USERNAME, REASON],
      answers: { 204: { description: 'All sessions have ended.' } },
      errors: [
        staffOnly,
        new NotFound(),
        new ValidationFailed({ reason: ['Ensure this field has no more than 200 characters.'] }),
      ],
    }),
};
