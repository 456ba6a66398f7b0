import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { OutputId, OutputInteger, OutputText, OutputTime } from '../fields/field-docs.js';
import { NumberField } from '../fields/number-field.js';
import { TextField } from '../fields/text-field.js';
import { PageOf } from '../openapi/page.dto.js';
import { DayUsageDto, ModelUsageDto, SpentDto } from '../usage/usage.dto.js';
import { AMOUNT_MAX } from '../wallet/amount.js';
import { REASON_MAX } from './reason-max.js';
import { OPERATOR_ACTIONS } from './trail-entry.entity.js';

/** An amount of tokens and the reason, for a grant or a code. */
export class CreditDto {
  @NumberField({
    min: 1,
    max: AMOUNT_MAX,
    docs: { description: 'Number of tokens, a whole number.', examples: [1000] },
  })
  amount!: number;

  @TextField({
    maxCodePoints: REASON_MAX,
    docs: { description: 'The reason. The ledger stores it.', examples: ['goodwill'] },
  })
  reason!: string;
}

/** The result of a grant. */
export class GrantedDto {
  @OutputInteger('The tokens that were granted.', { examples: [1000] })
  readonly tokens!: number;

  @OutputInteger('The balance after the grant.', { examples: [5000] })
  readonly balance!: number;
}

/** A new code. */
export class CodeDto {
  @OutputText('The code to give to the user. Shown only once.', {
    examples: ['ZQ4uUq0Qy8kq3s0t5e1R'],
  })
  readonly code!: string;

  @OutputInteger('The tokens that it is worth.', { examples: [1000] })
  readonly tokens!: number;
}

export class UserUsageDto extends SpentDto {
  @OutputText('The user. Null for deleted users.', { nullable: true, examples: ['grace'] })
  readonly user!: string | null;
}

/** The charges of all users, counted and summed. */
@ApiExtraModels(DayUsageDto, ModelUsageDto, UserUsageDto)
export class UsageOfAllDto {
  @OutputTime('The start of the period (inclusive).')
  readonly from!: string;

  @OutputTime('The end of the period (exclusive).')
  readonly to!: string;

  @ApiProperty({
    type: 'array',
    description: 'One row for each day, model or user with charges.',
    items: {
      anyOf: [DayUsageDto, ModelUsageDto, UserUsageDto].map((row) => ({
        $ref: getSchemaPath(row),
      })),
    },
  })
  readonly results!: (DayUsageDto | ModelUsageDto | UserUsageDto)[];
}

/** One change by an operator. */
export class TrailEntryDto {
  @OutputId('The entry.')
  readonly id!: string;

  @OutputTime('When it was done.')
  readonly at!: string;

  @OutputText('The operator, `(shell)`, or `(deleted <id>)`.', { examples: ['ada'] })
  readonly by!: string;

  @OutputText('What was done.', { enum: [...OPERATOR_ACTIONS] })
  readonly action!: string;

  @OutputText('The user, `(deleted <id>)`, the id of a code, or the source of an import.', {
    examples: ['grace'],
  })
  readonly target!: string;

  @OutputText('The reason. Empty if none was given.', { examples: ['goodwill'] })
  readonly reason!: string;
}

export class TrailPageDto extends PageOf(TrailEntryDto) {}
