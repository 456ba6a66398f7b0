import { Injectable } from '@nestjs/common';
import type { Tx } from '../database/tx.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { UsersService } from '../users/users.service.js';
import { LoginNetworks } from './login-networks.js';
import { PasswordHasher } from './password-hasher.js';

/** The sentence for a name and a password that do not belong together. */
export const LOGIN_REFUSED = 'Unable to log in with provided credentials.';

/** A name and a password, and the network that they come from. */
export interface LoginAttempt {
  readonly username: string;
  readonly password: string;
  readonly network: string;
}

/** Lets those in who know their password. */
@Injectable()
export class LoginService {
  constructor(
    private readonly users: UsersService,
    private readonly hasher: PasswordHasher,
    private readonly networks: LoginNetworks,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Issues a credential to the active user with this password; undefined alike for an unknown name, a
   * wrong password and an inactive user, after the same work. A hash made at an older cost, or of a password
   * that was not normalised, is made anew.
   */
  async enter<Credential>(
    { username, password, network }: LoginAttempt,
    issue: (tx: Tx, userId: string) => Promise<Credential>,
  ): Promise<Credential | undefined> {
    const user = await this.users.findByUsername(username);
    const match = await this.hasher.verify(user?.passwordHash, password);
    if (!user?.isActive || !match) return undefined;
    const { id, passwordHash } = user;
    const outdated = match === 'typed form' || this.hasher.isOutdated(passwordHash);
    const renewed = outdated ? await this.hasher.hash(password) : passwordHash;
    return this.unitOfWork.run(async (tx) => {
      // Checked again, as hashing took a while: who changed the password has shut the old one out.
      const holds = await this.users.renewPasswordHash(tx, id, passwordHash, renewed);
      if (!holds) return undefined;
      await this.networks.remember(tx, id, network);
      return issue(tx, id);
    });
  }
}
