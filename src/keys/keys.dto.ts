import { ApiProperty } from '@nestjs/swagger';
import { ChoicesField } from '../fields/choices-field.js';
import { ShownId, ShownInteger, ShownText, ShownTime } from '../fields/field-docs.js';
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
  docs: { description: 'What you call it: logs and the ledger tell it.', examples: ['laptop'] },
};

/** The settings of a key that can also be changed later. */
class KeySettingsDto {
  @ChoicesField({
    choices: SCOPES,
    description:
      '`chat` spends, `history` reads, exports and deletes, `wallet` sees the balance, ledger and usage and redeems codes. All three where it is missing.',
  })
  scopes?: readonly Scope[] | null;

  @NumberField({
    min: 0,
    max: AMOUNT_MAX,
    mayBeNull: true,
    optional: true,
    docs: { description: 'The most that it may spend; null for no limit.', examples: [1000] },
  })
  limit?: number | null;

  @TextField({
    optional: true,
    mayBeNull: true,
    rule: { test: (text) => RESETS.includes(text), message: 'Must be "daily", "monthly" or null.' },
    docs: {
      description:
        'When what was spent is counted anew: `daily` at midnight, `monthly` on the first (UTC), null for never. To change it begins the counting anew.',
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
      description: 'A date or a time in ISO 8601 from which on it serves no more; null for none.',
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
      description: 'How long the key of before serves on. 0, or nothing: it ends at once.',
      examples: [3600],
    },
  })
  overlap_seconds?: number | null;
}

/** An API key, as its owner sees it. It never contains the key itself. */
export class KeyDto {
  @ShownId('The key.')
  readonly id!: string;

  @ShownText('What its owner calls it.', { examples: ['laptop'] })
  readonly name!: string;

  @ShownText('The first characters of it.', { examples: ['tally_Ab3dE9'] })
  readonly prefix!: string;

  @ApiProperty({
    type: 'array',
    items: { type: 'string', enum: [...SCOPES] },
    description: 'What it may do.',
  })
  readonly scopes!: Scope[];

  @ShownInteger('The most that it may spend; null for no limit.', {
    nullable: true,
    examples: [1000],
  })
  readonly limit!: number | null;

  @ShownText('When what was spent is counted anew (UTC); null for never.', {
    enum: [...RESETS, null],
    nullable: true,
  })
  readonly limit_reset!: string | null;

  @ShownInteger('What was spent since then, and is held.', { examples: [300] })
  readonly used!: number;

  @ShownInteger('What is left of the limit; null without one.', { nullable: true, examples: [700] })
  readonly remaining!: number | null;

  @ShownTime('When it ends; null for never.', { nullable: true })
  readonly expires_at!: string | null;

  @ShownTime('When it was last used, to the minute; null for never.', { nullable: true })
  readonly last_used_at!: string | null;

  @ShownTime('When it was made.')
  readonly created_at!: string;
}

export class KeyPageDto extends PageOf(KeyDto) {}

/** A key that was just made or rotated. */
export class CreatedKeyDto extends KeyDto {
  @ShownText('The key. Shown once: only its digest is kept.', {
    pattern: '^tally_[0-9A-Za-z]{49}$',
    examples: ['tally_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg4XtvWg'],
  })
  readonly key!: string;
}
