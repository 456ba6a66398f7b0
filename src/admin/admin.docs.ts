import { NotFound, PermissionDenied, ValidationFailed } from '../errors.js';
import { PAGE_PARAMETERS } from '../openapi/page.dto.js';
import { describeRoute } from '../openapi/route-docs.js';
import { usageParameters } from '../usage/usage.docs.js';
import { CodeDto, CreditDto, TrailPageDto, UsageOfAllDto } from './admin.dto.js';

const staffOnly = new PermissionDenied();

export const AdminDocs = {
  code: () =>
    describeRoute({
      id: 'makeCode',
      tag: 'Operators',
      summary: 'Create a redemption code',
      description:
        'If the request has an `Idempotency-Key`, repeating it does not create a second code.',
      idempotencyKey: 'optional',
      body: {
        type: CreditDto,
        examples: {
          voucher: { summary: 'A voucher', value: { amount: 500, reason: 'voucher' } },
        },
      },
      answers: {
        201: {
          description: 'The code. It is shown only once.',
          type: CodeDto,
          links: {
            redeemCode: {
              operationId: 'redeemCode',
              requestBody: { code: '$response.body#/code' },
              description: 'A user redeems the code.',
            },
          },
        },
      },
      errors: [staffOnly],
    }),

  usage: () =>
    describeRoute({
      id: 'readUsageOfAll',
      tag: 'Operators',
      summary: 'Count and sum the charges of all users',
      description:
        'By day, model or user, for a period of at most a year. By user, at most 1,000 rows. One request of a user runs at a time. Another one waits for ten seconds at most, and then gets 429.',
      parameters: usageParameters(['day', 'model', 'user']),
      answers: { 200: { description: 'The charges.', type: UsageOfAllDto } },
      errors: [staffOnly, new ValidationFailed({ by: ['"week" is not a valid choice.'] })],
    }),

  trail: () =>
    describeRoute({
      id: 'readTrail',
      tag: 'Operators',
      summary: 'Read the actions of operators',
      description: 'Every change, through this API or from a shell.',
      parameters: PAGE_PARAMETERS,
      answers: { 200: { description: 'A page of entries.', type: TrailPageDto } },
      errors: [staffOnly, new NotFound('Invalid cursor')],
    }),
};
