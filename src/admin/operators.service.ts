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
import { TrailService, type Actor } from './trail.service.js';

/** Tokens granted to a user, with the reason that the ledger stores. */
export interface Grant {
  readonly username: string;
  readonly amount: number;
  readonly reason: string;
  readonly idempotencyKey: string;
}

/** The fields of a user that an operator may change. A field that is undefined is not changed. */
export interface UserChange {
  readonly isActive?: boolean | undefined;
  readonly isStaff?: boolean | undefined;
}

const UNUSED_PASSWORD_BYTES = 32;
/** Usernames cannot contain a colon, so this form is never a username. */
const BY_ID = /^id:([\da-f-]{36})$/i;

/** The actions of operators, over HTTP or from a shell. Each change adds an entry to the trail. */
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
   * Returns a user by name, or by `id:` and the id, because old users may have names that no path or command
   * line can contain. Throws `NotFound` if there is no such user.
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
   * Creates a user with a wallet, even if registration is closed, and returns a token. The user sets a
   * password with it; until then no password is valid. Throws `ValidationFailed` as registration does.
   */
  async create(user: Omit<NewUser, 'password'>, actor: Actor): Promise<string> {
    await this.assertNameFree(user.username);
    const password = randomBytes(UNUSED_PASSWORD_BYTES).toString('base64url');
    return this.registration.create({ ...user, password }, async (tx, id) => {
      const token = await this.links.issue(tx, id);
      await this.trail.add(tx, actor, 'create_user', id);
      return token;
    });
  }

  /** Creates a user with a password. Throws `ValidationFailed` as registration does. */
  async createWithPassword(user: NewUser, actor: Actor): Promise<void> {
    await this.assertNameFree(user.username);
    await this.registration.create(user, (tx, id) => this.trail.add(tx, actor, 'create_user', id));
  }

  /** Returns the link for a password token. */
  linkOf(token: string): string {
    return this.links.linkOf(token);
  }

  /** Returns a new token with which the user sets a password. Only this call returns it. */
  async passwordToken(username: string, actor: Actor): Promise<string> {
    const { id } = await this.find(username);
    return this.unitOfWork.run(async (tx) => {
      const token = await this.links.issue(tx, id);
      await this.trail.add(tx, actor, 'password_link', id);
      return token;
    });
  }

  /** Adds tokens to a user's wallet, once for each key. */
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

  /** Makes a redemption code. Only this call returns it. */
  makeCode(amount: number, actor: Actor): Promise<string> {
    return this.unitOfWork.run(async (tx) => {
      const { id, code } = this.redemptions.make(tx, amount, actor.reason);
      await this.trail.add(tx, actor, 'make_code', id);
      return code;
    });
  }

  /**
   * Activates or deactivates a user, and grants or removes the operator role, from the next request on.
   * Deactivation ends all sessions, and they do not come back. Throws `ValidationFailed` if operators take a
   * right away from themselves, so that one operator always remains. From a shell every change is allowed.
   */
  async change(username: string, change: UserChange, actor: Actor): Promise<User> {
    const user = await this.find(username);
    if (user.id === actor.operatorId) assertNotSelf(change);
    await this.unitOfWork.run(async (tx) => {
      const takes = change.isActive === false || change.isStaff === false;
      if (takes && actor.operatorId !== null) await this.assertStillStaff(tx, actor.operatorId);
      const actions = [
        await this.changeActive(tx, user.id, change.isActive),
        await this.changeStaff(tx, user.id, change.isStaff),
      ];
      for (const action of actions) if (action) await this.trail.add(tx, actor, action, user.id);
    });
    const { isActive = user.isActive, isStaff = user.isStaff } = change;
    return Object.assign(user, { isActive, isStaff });
  }

  /** Ends every access token and JWT of the user, on every process. */
  async endSessions(username: string, actor: Actor): Promise<void> {
    const { id } = await this.find(username);
    await this.unitOfWork.run(async (tx) => {
      await this.sessions.endAll(tx, id);
      await this.trail.add(tx, actor, 'end_sessions', id);
    });
  }

  private async assertNameFree(username: string): Promise<void> {
    const fault = await this.registration.nameFault(username);
    if (fault !== undefined) throw new ValidationFailed({ username: [fault] });
  }

  /** Sets whether the user is active. Returns the action for the trail; undefined if nothing changed. */
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

  /** Sets whether the user is an operator. Returns the action for the trail; undefined if nothing changed. */
  private async changeStaff(
    tx: Tx,
    userId: string,
    isStaff: boolean | undefined,
  ): Promise<OperatorAction | undefined> {
    if (isStaff === undefined || !(await this.users.setStaff(tx, userId, isStaff))) return;
    return isStaff ? 'make_staff' : 'revoke_staff';
  }

  /**
   * Checks that the operator is still staff. If two operators demote each other at the same time, the second
   * request fails here.
   */
  private async assertStillStaff(tx: Tx, operatorId: string): Promise<void> {
    const staff = await this.users.lockStaff(tx);
    if (!staff.includes(operatorId)) throw new PermissionDenied();
  }
}

function assertNotSelf({ isActive, isStaff }: UserChange): void {
  const sentence = 'You cannot take this away from yourself.';
  const fields = {
    ...(isActive === false && { active: [sentence] }),
    ...(isStaff === false && { staff: [sentence] }),
  };
  if (Object.keys(fields).length > 0) throw new ValidationFailed(fields);
}
