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
    description: 'What to count by.',
    schema: { type: 'string', enum: choices, default: choices[0] },
  },
  moment('from', 'From this date or time on; 30 days before `to` where it is missing.'),
  moment('to', 'Before this date or time; now where it is missing.'),
];

export const UsageDocs = {
  read: () =>
    describeRoute({
      id: 'readUsage',
      tag: 'Wallet',
      summary: 'Count and sum what was spent',
      description: 'By day, by model or by credential, up to a year at once.',
      parameters: usageParameters(['day', 'model', 'key']),
      answers: { 200: { description: 'What was spent.', type: UsageDto } },
      errors: [new ValidationFailed({ by: ['"week" is not a valid choice.'] })],
    }),
};
