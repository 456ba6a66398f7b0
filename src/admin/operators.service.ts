import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/unit-of-work.js';
import { NotFound } from '../errors.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { idempotencyRecord, runOnce } from '../wallet/idempotency-record.js';
import { RedemptionService } from '../wallet/redemption.service.js';
import { WalletService, type Credit } from '../wallet/wallet.service.js';

/** Tokens given to a user, with the reason that the ledger keeps. */
export interface Grant {
  readonly username: string;
  readonly amount: number;
  readonly reason: string;
  readonly idempotencyKey: string;
}

/** What operators do, whether over HTTP or from a shell. */
@Injectable()
export class OperatorsService {
  constructor(
    private readonly users: UsersService,
    private readonly wallets: WalletService,
    private readonly redemptions: RedemptionService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Throws `NotFound` for an unknown name. */
  async find(username: string): Promise<User> {
    const user = await this.users.findByUsername(username);
    if (!user) throw new NotFound();
    return user;
  }

  /** Adds to a user's wallet, once for each key. */
  async grant({ username, amount, reason, idempotencyKey }: Grant): Promise<Credit> {
    const { id: ownerId } = await this.find(username);
    const idempotency = idempotencyRecord('grant', idempotencyKey, { amount, reason });
    return runOnce<Credit>(
      idempotency,
      (record) => this.wallets.findCredit(ownerId, record),
      async () => {
        const entry = { ownerId, kind: 'grant', amount, reason, idempotency } as const;
        const { balance } = await this.unitOfWork.run((tx) => this.wallets.credit(tx, entry));
        return { amount, balance, isReplay: false };
      },
    );
  }

  /** Makes a redemption code; it is told here and never again. */
  makeCode(amount: number, reason: string): Promise<string> {
    return this.unitOfWork.run((tx) => this.redemptions.make(tx, amount, reason));
  }

  /** Lets a user in or keeps them out, from the next request on. */
  async setActive(username: string, isActive: boolean): Promise<User> {
    const user = await this.find(username);
    await this.unitOfWork.run((tx) => this.users.setActive(tx, user.id, isActive));
    user.isActive = isActive;
    return user;
  }

  /** Makes a user an operator, or no longer one. Only a shell can: no route gives this away. */
  async setStaff(username: string, isStaff: boolean): Promise<User> {
    const user = await this.find(username);
    await this.unitOfWork.run((tx) => this.users.setStaff(tx, user.id, isStaff));
    user.isStaff = isStaff;
    return user;
  }
}
