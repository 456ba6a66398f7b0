import { Inject, Injectable } from '@nestjs/common';
import { SignJWT, errors as jose, jwtVerify } from 'jose';
import { newId } from '../new-id.js';
import { CONFIG, type Config } from '../config/config.js';
import { SECOND_MICROS, nowMicros, type Micros } from '../time.js';
import type { DbBoolean, Tx } from '../database/tx.js';
import { ReadConnection } from '../database/read-connection.js';
import { BearerRefused, TokenNotValid } from '../errors.js';
import type { Principal } from '../principal.js';
import { JwtFamily, REFRESH_LIFETIME_SECONDS } from './jwt-family.entity.js';
import { JWT_KEY } from './jwt-key.js';
import { JwtRotation } from './jwt-rotation.entity.js';
import { PAST_BOUND } from './session-bound.js';

const ACCESS_LIFETIME_SECONDS = 5 * 60;

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

/** What a refresh token says. */
interface RefreshToken {
  readonly userId: string;
  readonly family: string;
  readonly jti: string;
  readonly issuedAt: Micros;
}

/** Signs and reads JWTs. Each belongs to a family, which is a row: deleting it revokes them all at once. */
@Injectable()
export class JwtService {
  private readonly grace: Micros;

  constructor(
    private readonly reader: ReadConnection,
    @Inject(JWT_KEY) private readonly key: Uint8Array,
    @Inject(CONFIG) { jwtRefreshGraceSeconds }: Config,
  ) {
    this.grace = jwtRefreshGraceSeconds * SECOND_MICROS;
  }

  /** Begins a family for a login. The user's expired ones go, and past the bound the oldest. */
  async begin(tx: Tx, userId: string): Promise<JwtPair> {
    const now = nowMicros();
    await tx.write(
      `/* jwt_family.expire */ DELETE FROM jwt_families WHERE user_id = $1 AND (expires_at < $2 OR id IN
         (SELECT id FROM jwt_families WHERE user_id = $1 ORDER BY created_at DESC, id DESC ${PAST_BOUND}))
       RETURNING id`,
      [userId, now],
    );
    const [id, refreshJti] = [newId(), newId()];
    const expiresAt = now + REFRESH_LIFETIME_SECONDS * SECOND_MICROS;
    tx.insertLater(JwtFamily, { id, userId, refreshJti, expiresAt, createdAt: now });
    return this.pair({ userId, family: id, jti: refreshJti, issuedAt: now });
  }

  /**
   * The next pair of the family. One guarded statement, so of two uses of one refresh token at once one
   * wins. A token that was spent within the grace is answered with the successor that it has: a second tab,
   * or a client that lost the answer, goes on, and there is still one line of tokens. Returns undefined for
   * one that was spent before that, and the family has then ended.
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
        [family, now - this.grace],
      );
      tx.insertLater(JwtRotation, { jti, familyId: family, successorJti, rotatedAt: now });
      return this.pair({ userId, family, jti: successorJti, issuedAt: now });
    }
    const [repeat] = await tx.read<{ jti: string; issuedAt: Micros }>(
      `/* jwt_rotation.find */ SELECT successor_jti AS jti, rotated_at AS "issuedAt" FROM jwt_rotations
       WHERE jti = $1 AND family_id = $2 AND rotated_at > $3`,
      [jti, family, now - this.grace],
    );
    if (repeat) return this.pair({ userId, family, ...repeat });
    await this.end(tx, family);
    return undefined;
  }

  /** An access token of the family, and nothing spent: what `JWT_ROTATE=off` answers to a refresh. */
  access({ user_id, family }: JwtClaims): Promise<string> {
    const claims = { user_id, family, token_type: 'access', jti: newId() } as const;
    return this.sign(claims, nowMicros(), ACCESS_LIFETIME_SECONDS);
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

  /** The refresh token is made of its row alone: asked for again, it comes out the same. */
  private async pair({ userId, family, jti, issuedAt }: RefreshToken): Promise<JwtPair> {
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
