import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import type { Principal } from '../principal.js';
import { AccessTokens } from './access-tokens.js';
import { JwtService } from './jwt/jwt.service.js';

/** Logs users out. */
@Injectable()
export class LogoutService {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly jwts: JwtService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Revokes the credential that a request came with, and no other. */
  async leave({ kind, credentialId }: Principal): Promise<void> {
    await this.unitOfWork.run((tx) =>
      kind === 'jwt' ? this.jwts.end(tx, credentialId) : this.accessTokens.revoke(tx, credentialId),
    );
  }
}
