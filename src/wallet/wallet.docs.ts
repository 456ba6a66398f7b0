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
  WalletDto,
} from './wallet.dto.js';

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
      answers: { 200: { description: 'The tokens that can be spent now.', type: BalanceDto } },
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
      summary: 'List the ledger entries',
      description: 'Every change of the balance, newest first, in pages.',
      parameters: [...PAGE_PARAMETERS, TURN],
      answers: { 200: { description: 'A page of entries.', type: LedgerPageDto } },
      errors: [new NotFound('Invalid cursor')],
    }),

  limits: () =>
    describeRoute({
      id: 'setLimits',
      tag: 'Wallet',
      summary: 'Limit what can be spent in a day',
      body: {
        type: LimitsDto,
        examples: {
          limit: { summary: '1,000 tokens a day', value: { daily: 1000 } },
          none: { summary: 'No limit', value: { daily: null } },
        },
      },
      answers: { 200: { description: 'The new limit.', type: LimitsStateDto } },
    }),

  redeem: () =>
    describeRoute({
      id: 'redeemCode',
      tag: 'Wallet',
      summary: 'Redeem a code',
      description:
        'A code can be redeemed only once, even if several requests arrive at the same time.',
      body: { type: RedeemDto, examples: {} },
      idempotencyKey: 'optional',
      answers: { 200: { description: 'The tokens were added to the wallet.', type: RedeemedDto } },
      errors: [new ValidationFailed({ code: ['This code is unknown or was redeemed before.'] })],
    }),
};
