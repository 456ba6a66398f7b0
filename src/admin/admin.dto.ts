import { BooleanField } from '../http/boolean-field.js';
import { TextField } from '../http/fields.js';
import { NumberField } from '../http/number-field.js';
import { AMOUNT_MAX } from '../wallet/wallet.dto.js';

const REASON_MAX = 200;

/** Tokens to give, and why: of a grant, and of a code. */
export class CreditDto {
  @NumberField({ min: 1, max: AMOUNT_MAX })
  amount!: number;

  @TextField({ maxCodePoints: REASON_MAX })
  reason!: string;
}

export class UserChangeDto {
  @BooleanField()
  active!: boolean;
}
