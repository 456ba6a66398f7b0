import { BooleanField } from '../fields/boolean-field.js';
import { ShownBoolean, ShownInteger, ShownText, ShownTime } from '../fields/field-docs.js';
import { TextField } from '../fields/text-field.js';
import { NumberField } from '../fields/number-field.js';
import { PageOf } from '../openapi/page.dto.js';
import { AMOUNT_MAX } from '../wallet/wallet.dto.js';

const REASON_MAX = 200;

/** Tokens to give, and why: of a grant, and of a code. */
export class CreditDto {
  @NumberField({
    min: 1,
    max: AMOUNT_MAX,
    docs: { description: 'Whole tokens.', examples: [1000] },
  })
  amount!: number;

  @TextField({
    maxCodePoints: REASON_MAX,
    docs: { description: 'Kept in the ledger.', examples: ['goodwill'] },
  })
  reason!: string;
}

export class UserChangeDto {
  @BooleanField({ docs: { description: 'Whether the user may use the API at all.' } })
  active!: boolean;
}

/** A user, as operators see one. */
export class UserDto {
  @ShownText('As registered.', { examples: ['grace'] })
  readonly username!: string;

  @ShownText('Empty where none was given.', { examples: ['grace@example.com'] })
  readonly email!: string;

  @ShownBoolean('Whether the user may use the API at all.')
  readonly active!: boolean;

  @ShownBoolean('Whether the user is an operator.')
  readonly staff!: boolean;

  @ShownInteger('The sum of all ledger entries.', { examples: [4000] })
  readonly balance!: number;

  @ShownInteger('What is set aside for answers under way.', { examples: [0] })
  readonly held!: number;

  @ShownTime('When the user registered.')
  readonly created_at!: string;
}

export class UserPageDto extends PageOf(UserDto) {}

/** What a grant did. */
export class GrantedDto {
  @ShownInteger('What was granted.', { examples: [1000] })
  readonly tokens!: number;

  @ShownInteger('The balance after it.', { examples: [5000] })
  readonly balance!: number;
}

/** A new code. */
export class CodeDto {
  @ShownText('To be given to whom it is for. Shown once.', { examples: ['ZQ4uUq0Qy8kq3s0t5e1R'] })
  readonly code!: string;

  @ShownInteger('What it is worth.', { examples: [1000] })
  readonly tokens!: number;
}
