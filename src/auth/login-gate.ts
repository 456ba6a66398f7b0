import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Limiter, type Exchange } from '../limits/limiter.service.js';
import { networkOf } from '../limits/network.js';
import { usernameKey } from '../users/users.service.js';
import { LoginNetworks } from './login-networks.js';

/** Stands before every route that takes a username and a password. */
@Injectable()
export class LoginGate {
  constructor(
    private readonly limiter: Limiter,
    private readonly networks: LoginNetworks,
  ) {}

  /**
   * Counts an attempt and returns the network that it comes from. Throws `Throttled` before a password is
   * looked at, in the same words and after the same time whether there is such a user or not.
   */
  async admit(exchange: Exchange, username: string): Promise<string> {
    const network = networkOf(exchange.request.ip);
    // A digest, for a name that is tried may be of any length.
    const name = createHash('sha256').update(usernameKey(username)).digest('base64url');
    await this.limiter.admitLogin(exchange, name, () => this.networks.isHome(username, network));
    return network;
  }
}
