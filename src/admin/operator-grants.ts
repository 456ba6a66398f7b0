import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { UsersService } from '../users/users.service.js';
import { idempotencyRecord } from '../wallet/idempotency-record.js';
import { IdempotencyService } from '../wallet/idempotency.service.js';
import { WalletService, type Credit } from '../wallet/wallet.service.js';
import { findUser } from './find-user.js';
import { TrailService } from './trail.service.js';

/** Tokens granted to a user, with the reason that the ledger stores. */
export interface Grant {
  readonly username: string;
  readonly amount: number;
  readonly reason: string;
  readonly idempotencyKey: string;
}

/** Grants tokens to users. Each grant adds an entry to the trail. */
@Injectable()
export class OperatorGrants {
  constructor(
    private readonly users: UsersService,
    private readonly wallets: WalletService,
    private readonly trail: TrailService,
    private readonly unitOfWork: UnitOfWork,
    private readonly idempotency: IdempotencyService,
  ) {}

  /** Adds tokens to a user's wallet, once for each key. */
  async grant(
    { username, amount, reason, idempotencyKey }: Grant,
    operatorId: string | null,
  ): Promise<Credit> {
    const { id: ownerId } = await findUser(this.users, username);
    const record = idempotencyRecord('grant', idempotencyKey, { amount, reason });
    const entry = { ownerId, kind: 'grant', amount, reason, idempotency: record } as const;
    return this.idempotency.once(ownerId, record, {
      find: (known) => this.wallets.findCredit(ownerId, known),
      run: () =>
        this.unitOfWork.run(async (tx) => {
          const { balance } = await this.wallets.credit(tx, entry);
          await this.trail.add(tx, { operatorId, reason }, 'grant', ownerId);
          return { amount, balance, isReplay: false };
        }),
    });
  }
}
