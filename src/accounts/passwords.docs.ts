import { TooManyLogins, ValidationFailed } from '../errors.js';
import { describeRoute } from '../openapi/route-docs.js';
import {
  AcceptedDto,
  PasswordChangeDto,
  ResetConfirmDto,
  ResetRequestDto,
} from './passwords.dto.js';
import { LINK_INVALID, WRONG_PASSWORD } from './passwords.service.js';

const busy = new TooManyLogins();
const tooCommon = new ValidationFailed({ new_password: ['This password is too common.'] });

export const PasswordDocs = {
  change: () =>
    describeRoute({
      id: 'changePassword',
      tag: 'Your account',
      summary: 'Change your password',
      description: 'Ends every other session. Links to set a password are no longer valid.',
      body: {
        type: PasswordChangeDto,
        examples: {
          change: {
            summary: 'A new password',
            value: { current_password: 'strongpassword123', new_password: 'strongerpassword456' },
          },
        },
      },
      answers: { 204: { description: 'The password was changed.' } },
      errors: [new ValidationFailed({ current_password: [WRONG_PASSWORD] }), tooCommon, busy],
    }),

  request: () =>
    describeRoute({
      id: 'requestPasswordReset',
      tag: 'Accounts',
      summary: 'Ask for a link to set a new password',
      description:
        'Sends the link to the address of the account, if the service can send mails, at most three times an hour. The answer is the same if there is no such account.',
      body: {
        type: ResetRequestDto,
        examples: {
          name: { summary: 'By the username', value: { username: 'ada' } },
          address: { summary: 'By the address', value: { email: 'ada@example.com' } },
        },
      },
      answers: { 202: { description: 'The request was accepted.', type: AcceptedDto } },
      errors: [
        new ValidationFailed({ non_field_errors: ['Give a username or an email address.'] }),
      ],
    }),

  confirm: () =>
    describeRoute({
      id: 'confirmPasswordReset',
      tag: 'Accounts',
      summary: 'Set a new password with a link',
      description: 'The link can be used once, within an hour. Ends every session of the user.',
      body: {
        type: ResetConfirmDto,
        examples: {},
      },
      answers: { 204: { description: 'The password was set.' } },
      errors: [new ValidationFailed({ token: [LINK_INVALID] }), tooCommon, busy],
    }),
};
