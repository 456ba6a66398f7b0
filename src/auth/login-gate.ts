import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Limiter, type LimitedRequest } from '../limits/limiter.service.js';
import { networkOf } from '../http/network.js';
import { usernameKey } from '../users/users.service.js';
import { LoginNetworks } from './login-networks.js';
import type { HashLine } from './passwords/password-hasher.js';
import { StrangerNetworks } from './stranger-networks.js';

/** The network of a login, and the line in which its password is checked. */
export interface LoginOrigin {
  readonly network: string;
  readonly line: HashLine;
}

/** Limits login attempts. Every route that accepts a username and a password calls it first. */
@Injectable()
export class LoginGate {
  constructor(
    private readonly limiter: Limiter,
    private readonly networks: LoginNetworks,
    private readonly strangers: StrangerNetworks,
  ) {}

  /**
   * Counts an attempt and returns where it comes from. Throws `Throttled` before the password is checked. The
   * words and the time of the refusal are the same whether the user exists or not.
   */
  async admit(exchange: LimitedRequest, username: string): Promise<LoginOrigin> {
    const network = networkOf(exchange.request.ip);
    // A digest, because the attempted name may be of any length.
    const name = createHash('sha256').update(usernameKey(username)).digest('base64url');
    const isKnown = await this.limiter.admitLogin(exchange, name, () =>
      this.networks.hasLoggedInFrom(username, network),
    );
    return { network, line: isKnown ? 'known' : this.strangers.lineFor(network) };
  }
}
