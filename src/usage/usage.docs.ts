import { ValidationFailed } from '../errors.js';
import { describeRoute, type ParameterDescription } from '../openapi/route-docs.js';
import { UsageDto } from './usage.dto.js';

const moment = (name: string, description: string): ParameterDescription => ({
  name,
  in: 'query',
  description,
  schema: { type: 'string', examples: ['2025-08-19', '2025-08-19T12:00:00Z'] },
});

export const usageParameters = (choices: string[]): readonly ParameterDescription[] => [
  {
    name: 'by',
    in: 'query',
    description: 'How to group the charges.',
    schema: { type: 'string', enum: choices, default: choices[0] },
  },
  moment('from', 'Start of the period (inclusive), a date or time. Default: 30 days before `to`.'),
  moment('to', 'End of the period (exclusive), a date or time. Default: now.'),
];

export const UsageDocs = {
  read: () =>
    describeRoute({
      id: 'readUsage',
      tag: 'Wallet',
      summary: 'Count and sum your charges',
      description:
        'By day, model or credential, for a period of at most a year. One request of a user runs at a time. Another one waits for ten seconds at most, and then gets 429.',
      parameters: usageParameters(['day', 'model', 'key']),
      answers: { 200: { description: 'The charges.', type: UsageDto } },
      errors: [new ValidationFailed({ by: ['"week" is not a valid choice.'] })],
    }),
};
