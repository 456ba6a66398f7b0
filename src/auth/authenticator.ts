import { Injectable } from '@nestjs/common';
import { AuthenticationFailed, BearerRefused, TokenNotValid } from '../errors.js';
import type { Principal } from '../principal.js';
import { isKey } from '../keys/key-format.js';
import { KeyFinder } from '../keys/key-finder.js';
import { AccessTokens } from './access-tokens.js';
import type { Credentials } from './authorization-header.js';
import { JwtService } from './jwt/jwt.service.js';

/** Finds the caller of a credential, or throws the 401 that clients of the credential's scheme expect. */
@Injectable()
export class Authenticator {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly jwts: JwtService,
    private readonly keys: KeyFinder,
  ) {}

  async authenticate({ scheme, secret }: Credentials): Promise<Principal> {
    const found = await this.find(secret);
    if (!found) throw scheme === 'token' ? invalidToken() : new TokenNotValid();
    if (!found.isActive) throw scheme === 'token' ? inactive() : bearerInactive();
    const { userId, credentialId, kind, key } = found;
    return { userId, credentialId, kind, key };
  }

  /**
   * Finds the caller by the kind of credential. A JWT has two dots, an API key has a known prefix, and any
   * other text is an access token.
   */
  private async find(secret: string): Promise<(Principal & { isActive: boolean }) | undefined> {
    if (secret.split('.').length === 3) return this.jwts.findCaller(secret);
    if (isKey(secret)) return this.keys.find(secret);
    const owner = await this.accessTokens.find(secret);
    if (!owner) return undefined;
    const { userId, credentialId, isActive } = owner;
    return { userId, credentialId, kind: 'access_token', isActive: Boolean(isActive) };
  }
}

const invalidToken = () => new AuthenticationFailed('Invalid token.');
const inactive = () => new AuthenticationFailed('User inactive or deleted.');
const bearerInactive = () => new BearerRefused('User is inactive', 'user_inactive');
