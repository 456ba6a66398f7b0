import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { v5 as uuidv5 } from 'uuid';
import { JWT_KEY } from '../auth/jwt/jwt-key.js';
import { digestOf } from '../digest.js';
import { IdempotencyKeyReused } from '../errors.js';
import { IdempotencyService } from '../wallet/idempotency.service.js';
import { CODE_BYTES, RedemptionService } from '../wallet/redemption.service.js';
import { OperatorCodes } from './operator-codes.js';

/** A code that an operator requests with an idempotency key. */
interface KeyedCode {
  /** In whole tokens. */
  readonly amount: number;
  readonly reason: string;
  readonly operatorId: string;
  readonly key: string;
}

/**
 * Makes redemption codes once for each idempotency key. Codes are not stored in readable form. So the code is
 * computed from the operator and the key, with the secret that signs JWTs, which is not in the database. The row's
 * id is computed from the operator and the key only, so if two requests race, the primary key accepts one of them.
 */
@Injectable()
export class KeyedCodes {
  constructor(
    private readonly codes: OperatorCodes,
    private readonly redemptions: RedemptionService,
    private readonly idempotency: IdempotencyService,
    @Inject(JWT_KEY) private readonly secret: Uint8Array,
  ) {}

  /**
   * Makes the code of the key, or returns the code that was made before. Throws `IdempotencyKeyReused` if the
   * key was used with another amount or reason, or the secret has changed since.
   */
  async makeOnce({ amount, reason, operatorId, key }: KeyedCode) {
    const keyText = `${operatorId} ${key}`;
    const made = {
      id: uuidv5(`redemption code ${keyText}`, uuidv5.URL),
      code: this.codeOf(keyText),
    };
    return this.idempotency.once(
      operatorId,
      { route: 'code', key },
      {
        find: async () => {
          const row = await this.redemptions.find(made.id);
          if (!row) return undefined;
          const isSame = row.amount === amount && row.reason === reason;
          if (!isSame || row.digest !== digestOf(made.code)) throw new IdempotencyKeyReused();
          return { code: made.code, isReplay: true };
        },
        run: async () => ({
          code: await this.codes.make(amount, { operatorId, reason }, made),
          isReplay: false,
        }),
      },
    );
  }

  private codeOf(keyText: string): string {
    const hmac = createHmac('sha256', this.secret).update(`redemption code ${keyText}`).digest();
    return hmac.subarray(0, CODE_BYTES).toString('base64url');
  }
}
