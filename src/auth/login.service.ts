import { Injectable } from '@nestjs/common';
import type { Tx } from '../database/transactions/tx.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { UsersService } from '../users/users.service.js';
import type { LoginOrigin } from './login-gate.js';
import { LoginNetworks } from './login-networks.js';
import { PasswordHasher } from './passwords/password-hasher.js';

/** The error for a username and a password that do not match. */
export const LOGIN_REFUSED = 'Unable to log in with provided credentials.';

/** A username, a password, and where they come from. */
export interface LoginAttempt extends LoginOrigin {
  readonly username: string;
  readonly password: string;
}

/** Logs in users by username and password. */
@Injectable()
export class LoginService {
  constructor(
    private readonly users: UsersService,
    private readonly hasher: PasswordHasher,
    private readonly networks: LoginNetworks,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Issues a credential to the active user with this password. Returns undefined for an unknown name, a wrong
   * password and an inactive user, after the same work. Replaces a hash that was made at an older cost or
   * from a password that was not normalised. Throws `TooManyLogins`, late, if the line for the hash is full.
   */
  async logIn<Credential>(
    { username, password, network, line }: LoginAttempt,
    issue: (tx: Tx, userId: string) => Promise<Credential>,
  ): Promise<Credential | undefined> {
    await this.hasher.requirePlace(line, network);
    const user = await this.users.findByUsername(username);
    const match = await this.hasher.verify(user?.passwordHash, password, line);
    if (!user?.isActive || !match) return undefined;
    const { id, passwordHash } = user;
    const isOutdated = match === 'typed form' || this.hasher.isOutdated(passwordHash);
    const newHash = isOutdated ? await this.hasher.hash(password, 'known') : passwordHash;
    return this.unitOfWork.run(async (tx) => {
      // Checked again, because hashing took a while. If the password was changed meanwhile, the old one is no
      // longer accepted.
      const isUnchanged = await this.users.renewPasswordHash(tx, id, passwordHash, newHash);
      if (!isUnchanged) return undefined;
      await this.networks.remember(tx, id, network);
      return issue(tx, id);
    });
  }
}
