import { Injectable, Logger } from '@nestjs/common';
import { BatchLoader } from '../database/transactions/batch-loader.js';
import { ReadConnection } from '../database/read-connection.js';
import type { DbBoolean } from '../database/transactions/tx.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { digestOf } from '../digest.js';
import { DatabaseUnavailable } from '../errors.js';
import type { Principal } from '../principal.js';
import { SECOND_MICROS, nowMicros, type Micros } from '../time.js';
import { isWellFormed } from './key-format.js';
import { scopesFrom } from './scopes.js';

/**
 * The largest allowed age of `last_used_at`. A write for every request would cost more than the exact time is
 * worth.
 */
const TOUCH_EVERY_SECONDS = 60;

interface FoundRow {
  readonly digest: string;
  readonly id: string;
  readonly userId: string;
  readonly isActive: DbBoolean;
  readonly name: string;
  readonly scopes: string;
  readonly capId: string;
  readonly expiresAt: Micros | null;
  readonly secretExpiresAt: Micros | null;
  readonly lastUsedAt: Micros | null;
}

/**
 * Finds the owner of an API key. Nothing is cached between requests, so a key that was deleted, was rotated
 * or has expired is refused from that moment on, on every process.
 */
@Injectable()
export class KeyFinder {
  private readonly logger = new Logger(KeyFinder.name);
  private readonly keys: BatchLoader<FoundRow>;

  constructor(
    reader: ReadConnection,
    private readonly unitOfWork: UnitOfWork,
  ) {
    this.keys = new BatchLoader(
      (digests) =>
        reader.read<FoundRow>(
          `/* api_key.find */ SELECT s.digest, s.expires_at AS "secretExpiresAt", k.id, k.user_id AS "userId",
             k.name, k.scopes, k.cap_id AS "capId", k.expires_at AS "expiresAt",
             k.last_used_at AS "lastUsedAt", u.is_active AS "isActive"
           FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id JOIN users u ON u.id = k.user_id
           WHERE s.digest = ANY($1)`,
          [digests],
        ),
      ({ digest }) => digest,
    );
  }

  /** Returns the caller; undefined if the key is unknown, malformed, deleted or expired. */
  async find(secret: string): Promise<(Principal & { isActive: boolean }) | undefined> {
    if (!isWellFormed(secret)) return undefined;
    const row = await this.keys.load(digestOf(secret));
    const now = nowMicros();
    if (!row || hasExpired(row.expiresAt, now) || hasExpired(row.secretExpiresAt, now))
      return undefined;
    const { id, userId, name, capId, lastUsedAt, isActive } = row;
    const touchBefore = now - TOUCH_EVERY_SECONDS * SECOND_MICROS;
    if (lastUsedAt === null || lastUsedAt < touchBefore) await this.touch(id, now, touchBefore);
    const key = { name, scopes: scopesFrom(row.scopes), capId };
    return { userId, credentialId: id, kind: 'api_key', key, isActive: Boolean(isActive) };
  }

  /** Stores the time of use. A full disk must not block requests that only read, so a failed write is only logged. */
  private async touch(id: string, now: Micros, before: Micros): Promise<void> {
    try {
      await this.unitOfWork.run((tx) =>
        tx.write(
          `/* api_key.touch */ UPDATE api_keys SET last_used_at = $2
           WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3) RETURNING id`,
          [id, now, before],
        ),
      );
    } catch (error) {
      if (error instanceof DatabaseUnavailable) return;
      this.logger.warn({ err: error }, 'the use of an API key was not written down');
    }
  }
}

const hasExpired = (moment: Micros | null, now: Micros) => moment !== null && moment <= now;
