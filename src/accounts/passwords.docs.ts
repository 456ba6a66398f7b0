import { Unavailable, ValidationFailed } from '../errors.js';
import { describeRoute } from '../openapi/route-docs.js';
import {
  AcceptedDto,
  PasswordChangeDto,
  ResetConfirmDto,
  ResetRequestDto,
} from './passwords.dto.js';
import { LINK_REFUSED, WRONG_PASSWORD } from './passwords.service.js';

const busy = new Unavailable('Too many logins are waiting.', 1);
const tooCommon = new ValidationFailed({ new_password: ['This password is too common.'] });

export const PasswordDocs = {
  change: () =>
    describeRoute({
      id: 'changePassword',
      tag: 'Your account',
      summary: 'Change your password',
      description: 'Ends every other session, and every link to set a password.',
      body: {
        type: PasswordChangeDto,
        examples: {
          change: {
            summary: 'A new one',
            value: { current_password: 'strongpassword123', new_password: 'strongerpassword456' },
          },
        },
      },
      answers: { 204: { description: 'Changed.' } },
      errors: [new ValidationFailed({ current_password: [WRONG_PASSWORD] }), tooCommon, busy],
    }),

  request: () =>
    describeRoute({
      id: 'requestPasswordReset',
      tag: 'Accounts',
      summary: 'Ask for a link to set a new password',
      description:
        'The link is sent to the address of the account, three within an hour at most, where the service sends mails. The answer is the same, whether there is such an account or not.',
      body: {
        type: ResetRequestDto,
        examples: {
          name: { summary: 'By the username', value: { username: 'ada' } },
          address: { summary: 'By the address', value: { email: 'ada@example.com' } },
        },
      },
      answers: { 202: { description: 'Heard.', type: AcceptedDto } },
      errors: [
        new ValidationFailed({ non_field_errors: ['Give a username or an email address.'] }),
      ],
    }),

  confirm: () =>
    describeRoute({
      id: 'confirmPasswordReset',
      tag: 'Accounts',
      summary: 'Set a new password by a link',
      description: 'The link serves once, within an hour. Ends every session of the user.',
      body: {
        type: ResetConfirmDto,
        examples: {},
      },
      answers: { 204: { description: 'Set.' } },
      errors: [new ValidationFailed({ token: [LINK_REFUSED] }), tooCommon, busy],
    }),
};
