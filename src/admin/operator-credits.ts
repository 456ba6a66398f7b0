import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/unit-of-work.js';
import { UsersService } from '../users/users.service.js';
import { idempotencyRecord, runOnce } from '../wallet/idempotency-record.js';
import { RedemptionService } from '../wallet/redemption.service.js';
import { WalletService, type Credit } from '../wallet/wallet.service.js';
import { findUser } from './find-user.js';
import { TrailService, type Actor } from './trail.service.js';

/** Tokens granted to a user, with the reason that the ledger stores. */
export interface Grant {
  readonly username: string;
  readonly amount: number;
  readonly reason: string;
  readonly idempotencyKey: string;
}

/** Tokens that operators give: grants to users, and codes to redeem. Each adds an entry to the trail. */
@Injectable()
export class OperatorCredits {
  constructor(
    private readonly users: UsersService,
    private readonly wallets: WalletService,
    private readonly redemptions: RedemptionService,
    private readonly trail: TrailService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Adds tokens to a user's wallet, once for each key. */
  async grant(
    { username, amount, reason, idempotencyKey }: Grant,
    operatorId: string | null,
  ): Promise<Credit> {
    const { id: ownerId } = await findUser(this.users, username);
    const idempotency = idempotencyRecord('grant', idempotencyKey, { amount, reason });
    return runOnce<Credit>(
      idempotency,
      (record) => this.wallets.findCredit(ownerId, record),
      async () => {
        const entry = { ownerId, kind: 'grant', amount, reason, idempotency } as const;
        const { balance } = await this.unitOfWork.run(async (tx) => {
          const credited = await this.wallets.credit(tx, entry);
          await this.trail.add(tx, { operatorId, reason }, 'grant', ownerId);
          return credited;
        });
        return { amount, balance, isReplay: false };
      },
    );
  }

  /** Makes a redemption code. Only this call returns it. */
  makeCode(amount: number, actor: Actor): Promise<string> {
    return this.unitOfWork.run(async (tx) => {
      const { id, code } = this.redemptions.make(tx, amount, actor.reason);
      await this.trail.add(tx, actor, 'make_code', id);
      return code;
    });
  }
}
