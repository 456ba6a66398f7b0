import { Inject, Injectable } from '@nestjs/common';
import { SignJWT, errors as jose, jwtVerify } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import { SECOND_MICROS, nowMicros } from '../time.js';
import type { DbBoolean, Tx } from '../database/tx.js';
import { ReadConnection } from '../database/read-connection.js';
import { BearerRefused, TokenNotValid } from '../errors.js';
import type { Principal } from '../principal.js';
import { JwtFamily } from './jwt-family.entity.js';

/** The token under which the signing key is injected. */
export const JWT_KEY = Symbol('jwt key');

const ACCESS_LIFETIME_SECONDS = 5 * 60;
/** A refresh token serves for a day. */
export const REFRESH_LIFETIME_SECONDS = 24 * 60 * 60;

/** What a JWT of ours says of itself. The names are SimpleJWT's, but for `family`. */
export interface JwtClaims {
  readonly token_type: 'access' | 'refresh';
  readonly jti: string;
  readonly user_id: string;
  readonly family: string;
}

/** The claims of a JWT whose signature, time and family hold. */
export type VerifiedJwt = JwtClaims & {
  /** A refresh token that was used before. */
  readonly isSpent: boolean;
  readonly isActive: boolean;
  /** The user was deleted, and the family with them. */
  readonly isGone: boolean;
};

export interface JwtPair {
  readonly refresh: string;
  readonly access: string;
}

/** Signs and reads JWTs. Each belongs to a family, which is a row: deleting it revokes them all at once. */
@Injectable()
export class JwtService {
  constructor(
    private readonly reader: ReadConnection,
    @Inject(JWT_KEY) private readonly key: Uint8Array,
  ) {}

  /** Begins a family for a login. The user's expired ones go. */
  async begin(tx: Tx, userId: string): Promise<JwtPair> {
    const now = nowMicros();
    await tx.write(
      '/* jwt_family.expire */ DELETE FROM jwt_families WHERE user_id = $1 AND expires_at < $2 RETURNING id',
      [userId, now],
    );
    const [id, refreshJti] = [uuidv7(), uuidv7()];
    const expiresAt = now + REFRESH_LIFETIME_SECONDS * SECOND_MICROS;
    tx.insertLater(JwtFamily, { id, userId, refreshJti, expiresAt, createdAt: now });
    return this.pair(userId, id, refreshJti);
  }

  /**
   * The next pair of the family. One guarded statement, so of two uses of one refresh token at once one
   * wins. Returns undefined for a spent token, and the family has then ended.
   */
  async rotate(tx: Tx, claims: JwtClaims): Promise<JwtPair | undefined> {
    const refreshJti = uuidv7();
    const expiresAt = nowMicros() + REFRESH_LIFETIME_SECONDS * SECOND_MICROS;
    const rotated = await tx.write(
      `/* jwt_family.rotate */ UPDATE jwt_families SET refresh_jti = $3, expires_at = $4
       WHERE id = $1 AND refresh_jti = $2 RETURNING id`,
      [claims.family, claims.jti, refreshJti, expiresAt],
    );
    if (rotated.length > 0) return this.pair(claims.user_id, claims.family, refreshJti);
    await this.end(tx, claims.family);
    return undefined;
  }

  /** Revokes every JWT of the family. */
  async end(tx: Tx, familyId: string): Promise<void> {
    await tx.write('/* jwt_family.end */ DELETE FROM jwt_families WHERE id = $1 RETURNING id', [
      familyId,
    ]);
  }

  /** What a JWT of ours says; undefined when it is forged, expired, or its family has ended. */
  async verify(token: string): Promise<VerifiedJwt | undefined> {
    const claims = await this.read(token);
    if (!claims) return undefined;
    const [user] = await this.reader.read<{ isActive: DbBoolean; refreshJti: string | null }>(
      `/* jwt_family.find */ SELECT u.is_active AS "isActive", f.refresh_jti AS "refreshJti"
       FROM users u LEFT JOIN jwt_families f ON f.id = $1 AND f.user_id = u.id WHERE u.id = $2`,
      [claims.family, claims.user_id],
    );
    if (!user) return { ...claims, isSpent: false, isActive: false, isGone: true };
    if (user.refreshJti === null) return undefined;
    const isSpent = claims.token_type === 'refresh' && claims.jti !== user.refreshJti;
    return { ...claims, isSpent, isActive: Boolean(user.isActive), isGone: false };
  }

  /** Whom an access JWT stands for. Throws the 401 for any other kind, and for a user who is gone. */
  async findCaller(token: string): Promise<(Principal & { isActive: boolean }) | undefined> {
    const claims = await this.verify(token);
    if (!claims) return undefined;
    if (claims.token_type !== 'access') throw new TokenNotValid('Token has wrong type');
    if (claims.isGone) throw new BearerRefused('User not found', 'user_not_found');
    const { user_id: userId, family: credentialId, isActive } = claims;
    return { userId, credentialId, kind: 'jwt', isActive };
  }

  private async read(token: string): Promise<JwtClaims | undefined> {
    try {
      const { payload } = await jwtVerify<JwtClaims>(token, this.key, { algorithms: ['HS256'] });
      return payload;
    } catch (error) {
      if (error instanceof jose.JOSEError) return undefined;
      throw error;
    }
  }

  private async pair(userId: string, family: string, refreshJti: string): Promise<JwtPair> {
    const claims = { user_id: userId, family };
    return {
      refresh: await this.sign(
        { ...claims, token_type: 'refresh', jti: refreshJti },
        REFRESH_LIFETIME_SECONDS,
      ),
      access: await this.sign(
        { ...claims, token_type: 'access', jti: uuidv7() },
        ACCESS_LIFETIME_SECONDS,
      ),
    };
  }

  private sign(claims: JwtClaims, lifetimeSeconds: number): Promise<string> {
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt()
      .setExpirationTime(`${String(lifetimeSeconds)}s`)
      .sign(this.key);
  }
}
