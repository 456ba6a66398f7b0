import { Inject, Injectable } from '@nestjs/common';
import { SignJWT, errors as jose, jwtVerify } from 'jose';
import { newId } from '../../new-id.js';
import { CONFIG, type Config } from '../../config/config.js';
import { SECOND_MICROS, nowMicros, type Micros } from '../../time.js';
import type { DbBoolean, Tx } from '../../database/transactions/tx.js';
import { ReadConnection } from '../../database/read-connection.js';
import { BearerRefused, TokenNotValid } from '../../errors.js';
import type { Principal } from '../../principal.js';
import { JwtFamily, REFRESH_LIFETIME_SECONDS } from './jwt-family.entity.js';
import { JWT_KEY } from './jwt-key.js';
import { JwtRotation } from './jwt-rotation.entity.js';
import { ABOVE_SESSIONS_MAX } from '../sessions-max.js';

const ACCESS_LIFETIME_SECONDS = 5 * 60;

/** The claims of this service's JWTs. The names are SimpleJWT's, except for `family`. */
export interface JwtClaims {
  readonly token_type: 'access' | 'refresh';
  readonly jti: string;
  readonly user_id: string;
  readonly family: string;
}

/** The claims of a JWT that has a valid signature, has not expired, and whose family has not ended. */
export type VerifiedJwt = JwtClaims & {
  /** True for a refresh token that was used before. */
  readonly isUsed: boolean;
  readonly isActive: boolean;
  /** True if the user was deleted, and the family with the user. */
  readonly isUserDeleted: boolean;
};

export interface JwtPair {
  readonly refresh: string;
  readonly access: string;
}

/**
 * Checks that a JWT's signature is the only text for its bytes. The decoder also reads padding and unused bits, so one
 * token could be sent as several texts.
 */
function hasCanonicalSignature(token: string): boolean {
  const signature = token.slice(token.lastIndexOf('.') + 1);
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}

/** The parts of a refresh token. */
interface RefreshToken {
  readonly userId: string;
  readonly family: string;
  readonly jti: string;
  readonly issuedAt: Micros;
}

/**
 * Signs and reads JWTs. Each belongs to a family, which is one row. Deleting the row revokes all its JWTs at once.
 */
@Injectable()
export class JwtService {
  private readonly graceMicros: number;

  constructor(
    private readonly reader: ReadConnection,
    @Inject(JWT_KEY) private readonly key: Uint8Array,
    @Inject(CONFIG) { jwtRefreshGraceSeconds }: Config,
  ) {
    this.graceMicros = jwtRefreshGraceSeconds * SECOND_MICROS;
  }

  /** Begins a family for a login. Deletes the user's expired families and, past the bound, the oldest. */
  async startFamily(tx: Tx, userId: string): Promise<JwtPair> {
    const now = nowMicros();
    await tx.write(
      `/* jwt_family.expire */ DELETE FROM jwt_families WHERE user_id = $1 AND (expires_at < $2 OR id IN
         (SELECT id FROM jwt_families WHERE user_id = $1 ORDER BY created_at DESC, id DESC ${ABOVE_SESSIONS_MAX}))
       RETURNING id`,
      [userId, now],
    );
    const [id, refreshJti] = [newId(), newId()];
    const expiresAt = now + REFRESH_LIFETIME_SECONDS * SECOND_MICROS;
    tx.insertLater(JwtFamily, { id, userId, refreshJti, expiresAt, createdAt: now });
    return this.signPair({ userId, family: id, jti: refreshJti, issuedAt: now });
  }

  /**
   * Returns the next pair of the family. The rotation is one guarded statement, so if a refresh token is used
   * twice at once, only one use rotates it. A token that was used within the grace period gets its existing
   * successor again. So a second browser tab, or a client that lost the response, can continue, and the
   * family still has one newest token. For a token used before that, ends the family and returns undefined.
   */
  async rotate(tx: Tx, { family, jti, user_id: userId }: JwtClaims): Promise<JwtPair | undefined> {
    const successorJti = newId();
    const now = nowMicros();
    const expiresAt = now + REFRESH_LIFETIME_SECONDS * SECOND_MICROS;
    const rotated = await tx.write(
      `/* jwt_family.rotate */ UPDATE jwt_families SET refresh_jti = $3, expires_at = $4
       WHERE id = $1 AND refresh_jti = $2 RETURNING id`,
      [family, jti, successorJti, expiresAt],
    );
    if (rotated.length > 0) {
      await tx.write(
        '/* jwt_rotation.forget */ DELETE FROM jwt_rotations WHERE family_id = $1 AND rotated_at <= $2 RETURNING jti',
        [family, now - this.graceMicros],
      );
      tx.insertLater(JwtRotation, { jti, familyId: family, successorJti, rotatedAt: now });
      return this.signPair({ userId, family, jti: successorJti, issuedAt: now });
    }
    const [repeat] = await tx.read<{ jti: string; issuedAt: Micros }>(
      `/* jwt_rotation.find */ SELECT successor_jti AS jti, rotated_at AS "issuedAt" FROM jwt_rotations
       WHERE jti = $1 AND family_id = $2 AND rotated_at > $3`,
      [jti, family, now - this.graceMicros],
    );
    if (repeat) return this.signPair({ userId, family, ...repeat });
    await this.end(tx, family);
    return undefined;
  }

  /**
   * Returns an access token of the family and marks nothing as used. This is the answer to a refresh with
   * `JWT_ROTATE=off`.
   */
  access({ user_id, family }: JwtClaims): Promise<string> {
    const claims = { user_id, family, token_type: 'access', jti: newId() } as const;
    return this.sign(claims, nowMicros(), ACCESS_LIFETIME_SECONDS);
  }

  /** Revokes every JWT of the family. */
  async end(tx: Tx, familyId: string): Promise<void> {
    await (await tx.repository(JwtFamily)).delete({ id: familyId });
  }

  /** Returns the claims of a JWT; undefined if it is forged or expired, or its family has ended. */
  async verify(token: string): Promise<VerifiedJwt | undefined> {
    const claims = await this.read(token);
    if (!claims) return undefined;
    const [user] = await this.reader.read<{ isActive: DbBoolean; refreshJti: string | null }>(
      `/* jwt_family.find */ SELECT u.is_active AS "isActive", f.refresh_jti AS "refreshJti"
       FROM users u LEFT JOIN jwt_families f ON f.id = $1 AND f.user_id = u.id WHERE u.id = $2`,
      [claims.family, claims.user_id],
    );
    if (!user) return { ...claims, isUsed: false, isActive: false, isUserDeleted: true };
    if (user.refreshJti === null) return undefined;
    const isUsed = claims.token_type === 'refresh' && claims.jti !== user.refreshJti;
    return { ...claims, isUsed, isActive: Boolean(user.isActive), isUserDeleted: false };
  }

  /** Returns the caller of an access JWT. Throws the 401 for a JWT of another type, or if the user was deleted. */
  async findCaller(token: string): Promise<(Principal & { isActive: boolean }) | undefined> {
    const claims = await this.verify(token);
    if (!claims) return undefined;
    if (claims.token_type !== 'access') throw new TokenNotValid('Token has wrong type');
    if (claims.isUserDeleted) throw new BearerRefused('User not found', 'user_not_found');
    const { user_id: userId, family: credentialId, isActive } = claims;
    return { userId, credentialId, kind: 'jwt', isActive };
  }

  private async read(token: string): Promise<JwtClaims | undefined> {
    if (!hasCanonicalSignature(token)) return undefined;
    try {
      const { payload } = await jwtVerify<JwtClaims>(token, this.key, { algorithms: ['HS256'] });
      return payload;
    } catch (error) {
      if (error instanceof jose.JOSEError) return undefined;
      throw error;
    }
  }

  /** Makes the refresh token from its row only, so that the same row always gives the same token. */
  private async signPair({ userId, family, jti, issuedAt }: RefreshToken): Promise<JwtPair> {
    const claims = { user_id: userId, family, token_type: 'refresh', jti } as const;
    return {
      refresh: await this.sign(claims, issuedAt, REFRESH_LIFETIME_SECONDS),
      access: await this.access(claims),
    };
  }

  private sign(claims: JwtClaims, issuedAt: Micros, lifetimeSeconds: number): Promise<string> {
    const seconds = Math.floor(issuedAt / SECOND_MICROS);
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + lifetimeSeconds)
      .sign(this.key);
  }
}
