import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { newId } from '../new-id.js';
import { digestOf } from '../digest.js';
import { nowMicros } from '../time.js';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/transactions/tx.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { ValidationFailed } from '../errors.js';
import { assertAmount } from './amount.js';
import type { IdempotencyRecord } from './idempotency-record.js';
import { IdempotencyService } from './idempotency.service.js';
import { RedemptionCode } from './redemption-code.entity.js';
import { WalletService, type Credit } from './wallet.service.js';

export const CODE_BYTES = 15;

/** A code, and the id of its row. */
export interface NewCode {
  readonly id: string;
  readonly code: string;
}

const newCode = (): NewCode => ({
  id: newId(),
  code: randomBytes(CODE_BYTES).toString('base64url'),
});

/**
 * Codes that are worth an amount. Operators make them, and each can be redeemed once, even if many requests
 * race for it.
 */
@Injectable()
export class RedemptionService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly wallets: WalletService,
    private readonly reader: ReadConnection,
    private readonly idempotency: IdempotencyService,
  ) {}

  /** Makes a code worth `amount` whole tokens. Only this call returns the code; the database keeps its digest. */
  make(tx: Tx, amount: number, reason: string, { id, code } = newCode()): NewCode {
    assertAmount(amount);
    tx.insertLater(RedemptionCode, {
      id,
      digest: digestOf(code),
      amount,
      reason,
      redeemedBy: null,
      redeemedAt: null,
      createdAt: nowMicros(),
    });
    return { id, code };
  }

  /** Returns the stored code with this id; null if there is none. */
  find(id: string): Promise<RedemptionCode | null> {
    return this.reader.repository(RedemptionCode).findOneBy({ id });
  }

  /**
   * Credits the owner with the amount of the code. Throws `ValidationFailed` if the code is unknown or was
   * redeemed before.
   */
  async redeem(
    ownerId: string,
    code: string,
    record: IdempotencyRecord | undefined,
  ): Promise<Credit> {
    return this.idempotency.once(ownerId, record, {
      find: (known) => this.wallets.findCredit(ownerId, known),
      run: () => this.unitOfWork.run((tx) => this.spend(tx, ownerId, code, record)),
    });
  }

  /**
   * Marks the code as redeemed and credits its amount in the same transaction. If requests race, only one
   * changes the row.
   */
  private async spend(
    tx: Tx,
    ownerId: string,
    code: string,
    idempotency: IdempotencyRecord | undefined,
  ): Promise<Credit> {
    const [row] = await tx.write<{ amount: number; reason: string }>(
      `/* code.redeem */ UPDATE redemption_codes SET redeemed_by = $2, redeemed_at = $3
       WHERE digest = $1 AND redeemed_by IS NULL RETURNING amount, reason`,
      [digestOf(code), ownerId, nowMicros()],
    );
    if (!row)
      throw new ValidationFailed({ code: ['This code is unknown or was redeemed before.'] });
    const entry = {
      ownerId,
      kind: 'top_up',
      amount: row.amount,
      reason: row.reason,
      idempotency,
    } as const;
    const { balance } = await this.wallets.credit(tx, entry);
    return { amount: row.amount, balance, isReplay: false };
  }
}
