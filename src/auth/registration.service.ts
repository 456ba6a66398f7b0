import { Injectable } from '@nestjs/common';
import { AccessTokens } from './access-tokens.js';
import type { RegisterDto } from './auth.dto.js';
import { LoginNetworks } from './login-networks.js';
import { StrangerNetworks } from './stranger-networks.js';
import { UserCreation } from './user-creation.js';

/** Registers users who come by themselves, and logs them in. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly creation: UserCreation,
    private readonly accessTokens: AccessTokens,
    private readonly networks: LoginNetworks,
    private readonly strangers: StrangerNetworks,
  ) {}

  /** Returns the new user's access token. Throws the same errors as `UserCreation.create`. */
  register({ username, password, email }: RegisterDto, network: string): Promise<string> {
    const user = { username, password, email: email ?? '' };
    // Not for a weak password: the network would then wait among those that have tried, without having cost a hash.
    const lineOf = () => this.strangers.lineFor(network);
    return this.creation.create(user, lineOf, (tx, userId) => {
      this.networks.add(tx, userId, network);
      return this.accessTokens.issue(tx, userId);
    });
  }
}
