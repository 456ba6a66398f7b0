import { LastStaffMember, NotFound, TooManyLogins, ValidationFailed } from '../errors.js';
import { PAGE_PARAMETERS } from '../openapi/page.dto.js';
import { describeRoute } from '../openapi/route-docs.js';
import { DeletionDto, MeChangeDto, MeDto, SessionPageDto } from './accounts.dto.js';
import { WRONG_PASSWORD } from './passwords.service.js';

const busy = new TooManyLogins();

export const AccountDocs = {
  read: () =>
    describeRoute({
      id: 'readMe',
      tag: 'Your account',
      summary: 'Read your own account',
      answers: { 200: { description: 'The caller.', type: MeDto } },
    }),

  change: () =>
    describeRoute({
      id: 'changeMe',
      tag: 'Your account',
      summary: 'Change your e-mail address',
      description: 'Earlier links to set a password are no longer valid.',
      body: {
        type: MeChangeDto,
        examples: { address: { summary: 'A new address', value: { email: 'ada@example.org' } } },
      },
      answers: { 200: { description: 'The caller.', type: MeDto } },
      errors: [new ValidationFailed({ email: ['Enter a valid email address.'] })],
    }),

  remove: () =>
    describeRoute({
      id: 'deleteMe',
      tag: 'Your account',
      summary: 'Delete your account',
      description:
        'Permanently deletes the user and everything they wrote, and ends every session. The ledger keeps the payments without a name.',
      body: {
        type: DeletionDto,
        examples: { leave: { summary: 'For good', value: { password: 'strongpassword123' } } },
      },
      answers: { 204: { description: 'The account was deleted.' } },
      errors: [new ValidationFailed({ password: [WRONG_PASSWORD] }), new LastStaffMember(), busy],
    }),

  sessions: () =>
    describeRoute({
      id: 'listSessions',
      tag: 'Your account',
      summary: 'List your sessions',
      description: 'Each access token is a session. All JWTs of one login are one session.',
      parameters: PAGE_PARAMETERS,
      answers: {
        200: {
          description: 'A page of sessions.',
          type: SessionPageDto,
          links: {
            endSession: {
              operationId: 'endSession',
              parameters: { id: '$response.body#/results/0/id' },
              description: 'Ends the newest session.',
            },
          },
        },
      },
      errors: [new NotFound('Invalid cursor')],
    }),

  endSession: () =>
    describeRoute({
      id: 'endSession',
      tag: 'Your account',
      summary: 'End a session',
      parameters: [
        {
          name: 'id',
          in: 'path',
          description: 'The id of one of your own sessions.',
          required: true,
          schema: { type: 'string', format: 'uuid' },
        },
      ],
      answers: { 204: { description: 'The session has ended.' } },
      errors: [new NotFound()],
    }),

  endOtherSessions: () =>
    describeRoute({
      id: 'endOtherSessions',
      tag: 'Your account',
      summary: 'End all other sessions',
      description: 'Ends all sessions except the one of this request.',
      answers: { 204: { description: 'The other sessions have ended.' } },
    }),
};
