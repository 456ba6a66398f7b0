import { Injectable } from '@nestjs/common';
import { PasswordHasher } from '../auth/passwords/password-hasher.js';
import { passwordFaults } from '../auth/passwords/password-rules.js';
import { SessionsService } from '../auth/sessions.service.js';
import type { Tx } from '../database/transactions/tx.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { BearerRefused, ValidationFailed } from '../errors.js';
import type { Principal } from '../principal.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { PasswordLinks } from './password-links.js';

/** The error for a password that is not the caller's. */
export const WRONG_PASSWORD = 'The password is wrong.';
/** The error for a link token that is not valid. */
export const LINK_INVALID = 'This link was used before, has expired, or never was one.';

/**
 * Changes passwords, by the old password or by a link. A change ends all other sessions and all links of the user.
 */
@Injectable()
export class PasswordsService {
  constructor(
    private readonly users: UsersService,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsService,
    private readonly links: PasswordLinks,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Changes the caller's password. Throws `ValidationFailed` for a weak new password and for a wrong current one. */
  async change(
    { userId, credentialId }: Principal,
    currentPassword: string,
    newPassword: string,
  ): Promise<void> {
    const user = await this.requireUser(userId);
    await assertStrong('new_password', newPassword, user);
    await this.assertPassword('current_password', user, currentPassword);
    const newHash = await this.hasher.hash(newPassword, 'known');
    const isDone = await this.unitOfWork.run(async (tx) => {
      // Checked again, because hashing took a while. If two changes come at once, the second one has the old
      // password.
      const { id, passwordHash } = user;
      if (!(await this.users.renewPasswordHash(tx, id, passwordHash, newHash))) return false;
      await this.endOtherSessions(tx, id, credentialId);
      return true;
    });
    if (!isDone) throw new ValidationFailed({ current_password: [WRONG_PASSWORD] });
  }

  /**
   * Sets the password of the link's owner. Throws `ValidationFailed` if the link is not valid, or if the
   * password is weak; then the link stays valid.
   */
  async setByLink(token: string, newPassword: string): Promise<void> {
    const userId = await this.links.ownerOf(token);
    const user = userId === undefined ? null : await this.users.findById(userId);
    if (!user) throw invalidLink();
    await assertStrong('new_password', newPassword, user);
    const passwordHash = await this.hasher.hash(newPassword, 'known');
    await this.unitOfWork.run(async (tx) => {
      if (!(await this.links.useToken(tx, token))) throw invalidLink();
      if (!(await this.users.setPasswordHash(tx, user.id, passwordHash))) throw invalidLink();
      await this.endOtherSessions(tx, user.id);
    });
  }

  /** Throws `ValidationFailed` for `field` unless the password is the user's. */
  async assertPassword(field: string, user: User, password: string): Promise<void> {
    if (!(await this.hasher.verify(user.passwordHash, password, 'known'))) {
      throw new ValidationFailed({ [field]: [WRONG_PASSWORD] });
    }
  }

  /** Returns the caller's own row. Throws the 401 if the user was deleted a moment ago. */
  async requireUser(userId: string): Promise<User> {
    const user = await this.users.findById(userId);
    if (!user) throw new BearerRefused('User not found', 'user_not_found');
    return user;
  }

  private async endOtherSessions(tx: Tx, userId: string, keptId?: string): Promise<void> {
    await this.sessions.endAll(tx, userId, keptId);
    await this.links.endAll(tx, userId);
  }
}

const invalidLink = () => new ValidationFailed({ token: [LINK_INVALID] });

async function assertStrong(field: string, password: string, user: User): Promise<void> {
  const faults = await passwordFaults(password, user);
  if (faults.length > 0) throw new ValidationFailed({ [field]: faults });
}
