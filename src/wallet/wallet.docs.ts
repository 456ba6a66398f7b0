import { NotFound, ValidationFailed } from '../errors.js';
import { PAGE_PARAMETERS } from '../openapi/page.dto.js';
import { describeRoute, type ParameterDescription } from '../openapi/route-docs.js';
import {
  BalanceDto,
  LedgerPageDto,
  LimitsDto,
  LimitsStateDto,
  RedeemDto,
  RedeemedDto,
  UsageDto,
  WalletDto,
} from './wallet.dto.js';

const moment = (name: string, description: string): ParameterDescription => ({
  name,
  in: 'query',
  description,
  schema: { type: 'string', examples: ['2025-08-19', '2025-08-19T12:00:00Z'] },
});

const USAGE_PARAMETERS: readonly ParameterDescription[] = [
  {
    name: 'by',
    in: 'query',
    description: 'What to count by.',
    schema: { type: 'string', enum: ['day', 'model', 'key'], default: 'day' },
  },
  moment('from', 'From this date or time on; 30 days before `to` where it is missing.'),
  moment('to', 'Before this date or time; now where it is missing.'),
];

const TURN: ParameterDescription = {
  name: 'turn',
  in: 'query',
  description: 'Only the entries of this turn.',
  schema: { type: 'string', format: 'uuid' },
};

export const WalletDocs = {
  balance: () =>
    describeRoute({
      id: 'readBalance',
      tag: 'Wallet',
      summary: 'Read the balance',
      answers: { 200: { description: 'What can be spent now.', type: BalanceDto } },
    }),

  summary: () =>
    describeRoute({
      id: 'readWallet',
      tag: 'Wallet',
      summary: 'Read the wallet',
      answers: { 200: { description: 'The wallet.', type: WalletDto } },
    }),

  ledger: () =>
    describeRoute({
      id: 'listLedger',
      tag: 'Wallet',
      summary: 'Read where the balance comes from',
      description: 'Every change, newest first, in pages.',
      parameters: [...PAGE_PARAMETERS, TURN],
      answers: { 200: { description: 'A page of entries.', type: LedgerPageDto } },
      errors: [new NotFound('Invalid cursor')],
    }),

  usage: () =>
    describeRoute({
      id: 'readUsage',
      tag: 'Wallet',
      summary: 'Count and sum what was spent',
      description: 'By day, by model or by credential, up to a year at once.',
      parameters: USAGE_PARAMETERS,
      answers: { 200: { description: 'What was spent.', type: UsageDto } },
      errors: [new ValidationFailed({ by: ['"week" is not a valid choice.'] })],
    }),

  limits: () =>
    describeRoute({
      id: 'setLimits',
      tag: 'Wallet',
      summary: 'Limit what can be spent in a day',
      body: {
        type: LimitsDto,
        examples: {
          limit: { summary: 'A thousand a day', value: { daily: 1000 } },
          none: { summary: 'No limit', value: { daily: null } },
        },
      },
      answers: { 200: { description: 'The limit that now holds.', type: LimitsStateDto } },
    }),

  redeem: () =>
    describeRoute({
      id: 'redeemCode',
      tag: 'Wallet',
      summary: 'Redeem a code',
      description: 'One code is one credit, however many race for it.',
      body: { type: RedeemDto, examples: {} },
      idempotencyKey: 'optional',
      answers: { 200: { description: 'Credited.', type: RedeemedDto } },
      errors: [new ValidationFailed({ code: ['This code is unknown or was redeemed before.'] })],
    }),
};
