import { TextField } from '../http/fields.js';
import { NumberField } from '../http/number-field.js';

/** The most that one credit or limit may be, in whole tokens: a balance stays exact for ever. */
export const AMOUNT_MAX = 1_000_000_000_000;

const CODE_MAX = 100;

export class LimitsDto {
  @NumberField({ min: 0, max: AMOUNT_MAX, mayBeNull: true })
  daily!: number | null;
}

export class RedeemDto {
  @TextField({ maxCodePoints: CODE_MAX })
  code!: string;
}
