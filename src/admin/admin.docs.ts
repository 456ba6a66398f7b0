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
      summary: 'Make a code that is worth tokens',
      description: 'With an `Idempotency-Key` a repeated request makes no second code.',
      idempotencyKey: 'optional',
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

  usage: () =>
    describeRoute({
      id: 'readUsageOfAll',
      tag: 'Operators',
      summary: 'Count and sum what everybody spent',
      description:
        'By day, by model or by user, up to a year at once; of the users the first 1,000.',
      parameters: usageParameters(['day', 'model', 'user']),
      answers: { 200: { description: 'What was spent.', type: UsageOfAllDto } },
      errors: [staffOnly, new ValidationFailed({ by: ['"week" is not a valid choice.'] })],
    }),

  trail: () =>
    describeRoute({
      id: 'readTrail',
      tag: 'Operators',
      summary: 'Read what operators did',
      description: 'Every change, by this API or from a shell.',
      parameters: PAGE_PARAMETERS,
      answers: { 200: { description: 'A page of entries.', type: TrailPageDto } },
      errors: [staffOnly, new NotFound('Invalid cursor')],
    }),
};
