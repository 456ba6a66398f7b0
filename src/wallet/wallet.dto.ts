import { ApiProperty } from '@nestjs/swagger';
import { OutputId, OutputInteger, OutputText, OutputTime } from '../fields/field-docs.js';
import { TextField } from '../fields/text-field.js';
import { NumberField } from '../fields/number-field.js';
import { PageOf } from '../openapi/page.dto.js';
import { AMOUNT_MAX } from './amount.js';

const CODE_MAX = 100;

export class LimitsDto {
  @NumberField({
    min: 0,
    max: AMOUNT_MAX,
    mayBeNull: true,
    docs: {
      description: 'Maximum number of tokens to spend in a day (UTC). Null: no limit.',
      examples: [1000],
    },
  })
  daily!: number | null;
}

export class RedeemDto {
  @TextField({
    maxCodePoints: CODE_MAX,
    docs: { description: 'The code from an operator.', examples: ['ZQ4uUq0Qy8kq3s0t5e1R'] },
  })
  code!: string;
}

/** The amount that the caller can spend. */
export class BalanceDto {
  @OutputInteger('The balance minus the tokens that are held for answers in progress.', {
    examples: [3900],
  })
  readonly tokens!: number;
}

/** The owner's own limits. */
export class LimitsStateDto {
  @OutputInteger('Maximum number of tokens to spend in a day (UTC). Null: no limit.', {
    nullable: true,
    examples: [1000],
  })
  readonly daily!: number | null;

  @OutputInteger('The tokens that were spent today, plus the tokens that are held.', {
    examples: [100],
  })
  readonly spent_today!: number;
}

/** A wallet, in whole tokens. */
export class WalletDto {
  @OutputInteger('The sum of all ledger entries.', { examples: [4000] })
  readonly balance!: number;

  @OutputInteger('The tokens that are held for answers in progress.', { examples: [100] })
  readonly held!: number;

  @OutputInteger('The balance minus the held tokens.', { examples: [3900] })
  readonly available!: number;

  @ApiProperty({ type: LimitsStateDto, description: 'The limits that the owner has set.' })
  readonly limits!: LimitsStateDto;
}

/** One change of a balance. Entries are never changed. */
export class LedgerEntryDto {
  @OutputId('The entry.')
  readonly id!: string;

  @OutputText('Why the balance changed.', { enum: ['grant', 'top_up', 'charge', 'refund'] })
  readonly kind!: string;

  @OutputInteger('The tokens that were added. Negative if tokens were taken.', {
    min: -AMOUNT_MAX,
    examples: [-100],
  })
  readonly amount!: number;

  @OutputInteger('The balance after this entry.', { examples: [3900] })
  readonly balance_after!: number;

  @OutputText('The reason, as text.', { examples: ['chat message'] })
  readonly reason!: string;

  @OutputId('The turn that was paid for. Null for credits and embeddings, which have no turn.', {
    nullable: true,
  })
  readonly turn!: string | null;

  @OutputText('The model that answered. Null if the entry is not a charge.', {
    nullable: true,
    examples: ['echo'],
  })
  readonly model!: string | null;

  @OutputText('The API key that spent it, with its name at that time. Null for a session.', {
    nullable: true,
    examples: ['laptop'],
  })
  readonly key!: string | null;

  @OutputTime('When the balance changed.')
  readonly created_at!: string;
}

export class LedgerPageDto extends PageOf(LedgerEntryDto) {}

/** The result of a redemption. */
export class RedeemedDto {
  @OutputInteger('The tokens that the code was worth.', { examples: [1000] })
  readonly tokens!: number;

  @OutputInteger('The new balance.', { examples: [5000] })
  readonly balance!: number;
}
