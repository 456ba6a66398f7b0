import { ApiProperty } from '@nestjs/swagger';
import { ChoicesField } from '../fields/choices-field.js';
import { OutputId, OutputInteger, OutputText, OutputTime } from '../fields/field-docs.js';
import { NumberField } from '../fields/number-field.js';
import { TextField, type TextFieldRules } from '../fields/text-field.js';
import { PageOf } from '../openapi/page.dto.js';
import { SCOPES, type Scope } from '../principal.js';
import { fromIso } from '../time.js';
import { AMOUNT_MAX } from '../wallet/amount.js';

const NAME_MAX_CHARS = 100;
const OVERLAP_MAX_SECONDS = 7 * 86_400;
const RESETS = ['daily', 'monthly'];

const NAME: TextFieldRules = {
  maxCodePoints: NAME_MAX_CHARS,
  docs: {
    description: 'Your name for the key. It appears in logs and in the ledger.',
    examples: ['laptop'],
  },
};

/** The settings of a key that can also be changed later. */
class KeySettingsDto {
  @ChoicesField({
    choices: SCOPES,
    description:
      '`chat` spends tokens. `history` reads, exports and deletes. `wallet` reads the balance, ledger and usage, and redeems codes. Without this field, the key gets all three.',
  })
  scopes?: readonly Scope[] | null;

  @NumberField({
    min: 0,
    max: AMOUNT_MAX,
    mayBeNull: true,
    optional: true,
    docs: {
      description: 'Maximum number of tokens that the key may spend. Null: no limit.',
      examples: [1000],
    },
  })
  limit?: number | null;

  @TextField({
    optional: true,
    mayBeNull: true,
    rule: { test: (text) => RESETS.includes(text), message: 'Must be "daily", "monthly" or null.' },
    docs: {
      description:
        'When the count of spent tokens starts again at 0: `daily` at midnight, `monthly` on the first day (UTC). Null: never. A change of this field also restarts the count.',
      examples: ['monthly'],
    },
  })
  limit_reset?: 'daily' | 'monthly' | null;

  @TextField({
    optional: true,
    mayBeNull: true,
    rule: {
      test: (text) => fromIso(text) !== undefined,
      message: 'Enter a date or a time in ISO 8601.',
    },
    docs: {
      description: 'The date or time at which the key expires, in ISO 8601. Null: never.',
      examples: ['2099-01-01T00:00:00Z'],
    },
  })
  expires_at?: string | null;
}

export class NewKeyDto extends KeySettingsDto {
  @TextField(NAME)
  name!: string;
}

/** A field that is missing is not changed. */
export class KeyChangeDto extends KeySettingsDto {
  @TextField({ ...NAME, optional: true })
  name?: string;
}

export class RotationDto {
  @NumberField({
    min: 0,
    max: OVERLAP_MAX_SECONDS,
    optional: true,
    docs: {
      description: 'Seconds for which the old key stays valid. 0 or absent: it ends immediately.',
      examples: [3600],
    },
  })
  overlap_seconds?: number | null;
}

/** An API key, as its owner sees it. It never contains the key itself. */
export class KeyDto {
  @OutputId('The key.')
  readonly id!: string;

  @OutputText('The name that its owner gave it.', { examples: ['laptop'] })
  readonly name!: string;

  @OutputText('The first characters of the key.', { examples: ['tally_Ab3dE9'] })
  readonly prefix!: string;

  @ApiProperty({
    type: 'array',
    items: { type: 'string', enum: [...SCOPES] },
    description: 'What the key may do.',
  })
  readonly scopes!: Scope[];

  @OutputInteger('Maximum number of tokens that the key may spend. Null: no limit.', {
    nullable: true,
    examples: [1000],
  })
  readonly limit!: number | null;

  @OutputText('When the count of spent tokens starts again (UTC). Null: never.', {
    enum: [...RESETS, null],
    nullable: true,
  })
  readonly limit_reset!: string | null;

  @OutputInteger('The tokens that were spent since then, plus the tokens that are held.', {
    examples: [300],
  })
  readonly used!: number;

  @OutputInteger('The tokens that are left of the limit. Null if there is no limit.', {
    nullable: true,
    examples: [700],
  })
  readonly remaining!: number | null;

  @OutputTime('When it expires. Null: never.', { nullable: true })
  readonly expires_at!: string | null;

  @OutputTime('When it was last used, to the minute. Null: never.', { nullable: true })
  readonly last_used_at!: string | null;

  @OutputTime('When it was created.')
  readonly created_at!: string;
}

export class KeyPageDto extends PageOf(KeyDto) {}

/** A key that was just made or rotated. */
export class CreatedKeyDto extends KeyDto {
  @OutputText('The key. Shown only once, because only its digest is stored.', {
    pattern: '^tally_[0-9A-Za-z]{49}$',
    examples: ['tally_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg4XtvWg'],
  })
  readonly key!: string;
}
