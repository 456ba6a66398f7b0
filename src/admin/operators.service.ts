import { Injectable } from '@nestjs/common';
import { PasswordLinks } from '../accounts/password-links.js';
import { SessionsService } from '../auth/sessions.service.js';
import type { Tx } from '../database/transactions/tx.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { PermissionDenied, ValidationFailed } from '../errors.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { assertWalletExists } from '../wallet/wallet-exists.js';
import { findUser } from './find-user.js';
import type { OperatorAction } from './trail-entry.entity.js';
import { TrailService, type Actor } from './trail.service.js';

/** The fields of a user that an operator may change. A field that is undefined is not changed. */
export interface UserChange {
  readonly isActive?: boolean | undefined;
  readonly isStaff?: boolean | undefined;
}

/** What operators do with existing users, over HTTP or from a shell. Each change adds an entry to the trail. */
@Injectable()
export class OperatorsService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly links: PasswordLinks,
    private readonly trail: TrailService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Returns the link for a password token. */
  linkOf(token: string): string {
    return this.links.linkOf(token);
  }

  /**
   * Returns a new token with which the user sets a password. Only this call returns it. Throws `ValidationFailed` for an
   * inactive user, for whom no token works.
   */
  async passwordToken(username: string, actor: Actor): Promise<string> {
    const { id, isActive } = await findUser(this.users, username);
    if (!isActive)
      throw new ValidationFailed({ username: ['The user is inactive. Activate the user first.'] });
    return this.unitOfWork.run(async (tx) => {
      const token = await this.links.issue(tx, id);
      await this.trail.add(tx, actor, 'password_link', id);
      return token;
    });
  }

  /**
   * Activates or deactivates a user, and grants or removes the operator role, from the next request on.
   * Deactivation ends all sessions, and they do not come back. Throws `ValidationFailed` if operators take a
   * right away from themselves, so that one operator always remains. From a shell every change is allowed.
   */
  async change(username: string, change: UserChange, actor: Actor): Promise<User> {
    const user = await findUser(this.users, username);
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
    const { id } = await findUser(this.users, username);
    await this.unitOfWork.run(async (tx) => {
      await this.sessions.endAll(tx, id);
      await this.trail.add(tx, actor, 'end_sessions', id);
    });
  }

  /**
   * Sets whether the user is active. Returns the action for the trail; undefined if nothing changed. Throws
   * `ValidationFailed` if the import of the user has not ended: the user could log in, but all else would fail.
   */
  private async changeActive(
    tx: Tx,
    userId: string,
    isActive: boolean | undefined,
  ): Promise<OperatorAction | undefined> {
    if (isActive === undefined || !(await this.users.setActive(tx, userId, isActive))) return;
    if (isActive) {
      await assertWalletExists(tx, userId);
      return 'activate';
    }
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
