import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PasswordLinks } from '../accounts/password-links.js';
import { RegistrationService, type NewUser } from '../auth/registration.service.js';
import { SessionsService } from '../auth/sessions.service.js';
import type { Tx } from '../database/tx.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { NotFound, PermissionDenied, ValidationFailed } from '../errors.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { idempotencyRecord, runOnce } from '../wallet/idempotency-record.js';
import { RedemptionService } from '../wallet/redemption.service.js';
import { WalletService, type Credit } from '../wallet/wallet.service.js';
import type { OperatorAction } from './trail-entry.entity.js';
import { TrailService, type Doer } from './trail.service.js';

/** Tokens given to a user, with the reason that the ledger keeps. */
export interface Grant {
  readonly username: string;
  readonly amount: number;
  readonly reason: string;
  readonly idempotencyKey: string;
}

/** What of a user an operator may change; what is undefined stays. */
export interface UserChange {
  readonly isActive?: boolean | undefined;
  readonly isStaff?: boolean | undefined;
}

const UNUSED_PASSWORD_BYTES = 32;
/** No username has a colon. */
const BY_ID = /^id:([\da-f-]{36})$/i;

/** What operators do, whether over HTTP or from a shell. Each change leaves an entry in the trail. */
@Injectable()
export class OperatorsService {
  constructor(
    private readonly users: UsersService,
    private readonly wallets: WalletService,
    private readonly redemptions: RedemptionService,
    private readonly registration: RegistrationService,
    private readonly sessions: SessionsService,
    private readonly links: PasswordLinks,
    private readonly trail: TrailService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * By the name, or by `id:` and the id: old users may have names that no path or command line can carry.
   * Throws `NotFound` for an unknown one.
   */
  async find(username: string): Promise<User> {
    const [, id] = BY_ID.exec(username) ?? [];
    const user = await (id === undefined
      ? this.users.findByUsername(username)
      : this.users.findById(id.toLowerCase()));
    if (!user) throw new NotFound();
    return user;
  }

  /**
   * Makes a user with a wallet, also where registration is closed. No password serves until the user sets one
   * by the token that is returned. Throws `ValidationFailed` as registering does.
   */
  async create(user: Omit<NewUser, 'password'>, doer: Doer): Promise<string> {
    await this.assertNameFree(user.username);
    const password = randomBytes(UNUSED_PASSWORD_BYTES).toString('base64url');
    return this.registration.create({ ...user, password }, async (tx, id) => {
      const token = await this.links.issue(tx, id);
      await this.trail.add(tx, doer, 'create_user', id);
      return token;
    });
  }

  /** The same with a password. */
  async createWithPassword(user: NewUser, doer: Doer): Promise<void> {
    await this.assertNameFree(user.username);
    await this.registration.create(user, (tx, id) => this.trail.add(tx, doer, 'create_user', id));
  }

  /** The link that carries such a token. */
  linkOf(token: string): string {
    return this.links.linkOf(token);
  }

  /** A token by which the user sets a password; it is told here and never again. */
  async passwordToken(username: string, doer: Doer): Promise<string> {
    const { id } = await this.find(username);
    return this.unitOfWork.run(async (tx) => {
      const token = await this.links.issue(tx, id);
      await this.trail.add(tx, doer, 'password_link', id);
      return token;
    });
  }

  /** Adds to a user's wallet, once for each key. */
  async grant(
    { username, amount, reason, idempotencyKey }: Grant,
    operatorId: string | null,
  ): Promise<Credit> {
    const { id: ownerId } = await this.find(username);
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

  /** Makes a redemption code; it is told here and never again. */
  makeCode(amount: number, doer: Doer): Promise<string> {
    return this.unitOfWork.run(async (tx) => {
      const { id, code } = this.redemptions.make(tx, amount, doer.reason);
      await this.trail.add(tx, doer, 'make_code', id);
      return code;
    });
  }

  /**
   * Lets a user in or keeps them out, and makes them an operator or no longer one, from the next request on.
   * Who is kept out has no session left when they are let in again. An operator cannot do so to themselves,
   * so one always stays: `ValidationFailed`. From a shell everything can be done.
   */
  async change(username: string, change: UserChange, doer: Doer): Promise<User> {
    const user = await this.find(username);
    if (user.id === doer.operatorId) assertNotOwnPart(change);
    await this.unitOfWork.run(async (tx) => {
      const takes = change.isActive === false || change.isStaff === false;
      if (takes && doer.operatorId !== null) await this.assertStillStaff(tx, doer.operatorId);
      const actions = [
        await this.changeActive(tx, user.id, change.isActive),
        await this.changeStaff(tx, user.id, change.isStaff),
      ];
      for (const action of actions) if (action) await this.trail.add(tx, doer, action, user.id);
    });
    const { isActive = user.isActive, isStaff = user.isStaff } = change;
    return Object.assign(user, { isActive, isStaff });
  }

  /** Every access token and JWT of the user ends, on every process. */
  async endSessions(username: string, doer: Doer): Promise<void> {
    const { id } = await this.find(username);
    await this.unitOfWork.run(async (tx) => {
      await this.sessions.endAll(tx, id);
      await this.trail.add(tx, doer, 'end_sessions', id);
    });
  }

  private async assertNameFree(username: string): Promise<void> {
    const fault = await this.registration.nameFault(username);
    if (fault !== undefined) throw new ValidationFailed({ username: [fault] });
  }

  /** What the trail is to tell of it; undefined where nothing was changed. */
  private async changeActive(
    tx: Tx,
    userId: string,
    isActive: boolean | undefined,
  ): Promise<OperatorAction | undefined> {
    if (isActive === undefined || !(await this.users.setActive(tx, userId, isActive))) return;
    if (isActive) return 'activate';
    await this.sessions.endAll(tx, userId);
    await this.links.endAll(tx, userId);
    return 'deactivate';
  }

  /** The same. */
  private async changeStaff(
    tx: Tx,
    userId: string,
    isStaff: boolean | undefined,
  ): Promise<OperatorAction | undefined> {
    if (isStaff === undefined || !(await this.users.setStaff(tx, userId, isStaff))) return;
    return isStaff ? 'make_staff' : 'revoke_staff';
  }

  /** Of two operators who take away each other's part at once, the second is none any more. */
  private async assertStillStaff(tx: Tx, operatorId: string): Promise<void> {
    const staff = await this.users.lockStaff(tx);
    if (!staff.includes(operatorId)) throw new PermissionDenied();
  }
}

function assertNotOwnPart({ isActive, isStaff }: UserChange): void {
  const sentence = 'You cannot take this away from yourself.';
  const fields = {
    ...(isActive === false && { active: [sentence] }),
    ...(isStaff === false && { staff: [sentence] }),
  };
  if (Object.keys(fields).length > 0) throw new ValidationFailed(fields);
}
