import { randomBytes } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { newId } from '../new-id.js';
import { CONFIG, type Config } from '../config/config.js';
import { digestOf } from '../digest.js';
import { SECOND_MICROS, nowMicros, type Micros } from '../time.js';
import { BatchLoader } from '../database/transactions/batch-loader.js';
import type { DbBoolean, Tx } from '../database/transactions/tx.js';
import { ReadConnection } from '../database/read-connection.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { DatabaseUnavailable } from '../errors.js';
import { AccessToken } from './access-token.entity.js';
import { ABOVE_SESSIONS_MAX } from './sessions-max.js';

const TOKEN_BYTES = 20;
/**
 * The largest allowed age of `last_used_at`. A write for every request would cost more than the exact time is
 * worth.
 */
const TOUCH_EVERY_SECONDS_MAX = 3600;

/** The owner of a valid access token. */
export interface AccessTokenOwner {
  readonly credentialId: string;
  readonly userId: string;
  readonly isActive: DbBoolean;
}

type TokenRow = AccessTokenOwner & { readonly digest: string; readonly lastUsedAt: Micros };

/** Opaque credentials: 160 random bits, shown once and stored only as a SHA-256 digest. */
@Injectable()
export class AccessTokens {
  private readonly logger = new Logger(AccessTokens.name);
  private readonly idleMicros: number;
  private readonly touchEveryMicros: number;
  private readonly owners: BatchLoader<TokenRow>;

  constructor(
    reader: ReadConnection,
    private readonly unitOfWork: UnitOfWork,
    @Inject(CONFIG) config: Config,
  ) {
    this.idleMicros = config.accessTokenIdleSeconds * SECOND_MICROS;
    this.owners = new BatchLoader(
      (digests) =>
        reader.read<TokenRow>(
          `/* access_token.find */ SELECT t.digest, t.id AS "credentialId", t.user_id AS "userId",
             t.last_used_at AS "lastUsedAt", u.is_active AS "isActive"
           FROM access_tokens t JOIN users u ON u.id = t.user_id WHERE t.digest = ANY($1)`,
          [digests],
        ),
      ({ digest }) => digest,
    );
    this.touchEveryMicros = Math.min(this.idleMicros / 10, TOUCH_EVERY_SECONDS_MAX * SECOND_MICROS);
  }

  /**
   * Adds a token of 40 hex digits and returns it. Deletes the user's expired tokens and, past the bound, the
   * least recently used.
   */
  async issue(tx: Tx, userId: string): Promise<string> {
    const secret = randomBytes(TOKEN_BYTES).toString('hex');
    const now = nowMicros();
    await tx.write(
      `/* access_token.expire */ DELETE FROM access_tokens WHERE user_id = $1 AND (last_used_at < $2 OR id IN
         (SELECT id FROM access_tokens WHERE user_id = $1 ORDER BY last_used_at DESC, id DESC ${ABOVE_SESSIONS_MAX}))
       RETURNING id`,
      [userId, now - this.idleMicros],
    );
    tx.insertLater(AccessToken, {
      id: newId(),
      digest: digestOf(secret),
      userId,
      createdAt: now,
      lastUsedAt: now,
    });
    return secret;
  }

  /** Returns the owner of the token; undefined if the token is unknown, revoked, or was idle for too long. */
  async find(secret: string): Promise<AccessTokenOwner | undefined> {
    const row = await this.owners.load(digestOf(secret));
    const now = nowMicros();
    if (!row || row.lastUsedAt + this.idleMicros <= now) return undefined;
    if (row.lastUsedAt + this.touchEveryMicros <= now) await this.touch(row.credentialId, now);
    return row;
  }

  /** Revokes the token. It is refused from the next request on. */
  async revoke(tx: Tx, credentialId: string): Promise<void> {
    await (await tx.repository(AccessToken)).delete({ id: credentialId });
  }

  /**
   * Stores the time of use. A full disk must not block requests that only read, so a failed write is only
   * logged, and the token expires earlier.
   */
  private async touch(id: string, lastUsedAt: Micros): Promise<void> {
    try {
      await this.unitOfWork.run((tx) =>
        tx.write(
          '/* access_token.touch */ UPDATE access_tokens SET last_used_at = $2 WHERE id = $1 RETURNING id',
          [id, lastUsedAt],
        ),
      );
    } catch (error) {
      if (error instanceof DatabaseUnavailable) return;
      this.logger.warn({ err: error }, 'the use of an access token was not written down');
    }
  }
}
