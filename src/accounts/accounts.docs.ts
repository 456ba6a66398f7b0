import { LastStaffMember, NotFound, Unavailable, ValidationFailed } from '../errors.js';
import { PAGE_PARAMETERS } from '../openapi/page.dto.js';
import { describeRoute } from '../openapi/route-docs.js';
import { DeletionDto, MeChangeDto, MeDto, SessionPageDto } from './accounts.dto.js';
import { WRONG_PASSWORD } from './passwords.service.js';

const busy = new Unavailable('Too many logins are waiting.', 1);

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
      description: 'Links to set a password that were sent before serve no more.',
      body: {
        type: MeChangeDto,
        examples: { address: { summary: 'Another one', value: { email: 'ada@example.org' } } },
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
        'Removes the user and all that they wrote, for good, and ends every session. What was paid stays in the books, without a name.',
      body: {
        type: DeletionDto,
        examples: { leave: { summary: 'For good', value: { password: 'strongpassword123' } } },
      },
      answers: { 204: { description: 'Nothing is left.' } },
      errors: [new ValidationFailed({ password: [WRONG_PASSWORD] }), new LastStaffMember(), busy],
    }),

  sessions: () =>
    describeRoute({
      id: 'listSessions',
      tag: 'Your account',
      summary: 'Read what may speak for you',
      description: 'Access tokens, and the JWTs of one login together.',
      parameters: PAGE_PARAMETERS,
      answers: {
        200: {
          description: 'A page of sessions.',
          type: SessionPageDto,
          links: {
            endSession: {
              operationId: 'endSession',
              parameters: { id: '$response.body#/results/0/id' },
              description: 'Ends the newest.',
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
          description: 'Of a session of your own.',
          required: true,
          schema: { type: 'string', format: 'uuid' },
        },
      ],
      answers: { 204: { description: 'It serves no more.' } },
      errors: [new NotFound()],
    }),

  endOtherSessions: () =>
    describeRoute({
      id: 'endOtherSessions',
      tag: 'Your account',
      summary: 'End all other sessions',
      description: 'All but the one that this request is sent with.',
      answers: { 204: { description: 'They serve no more.' } },
    }),
};
