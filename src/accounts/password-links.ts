import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../new-id.js';
import { CONFIG, type Config } from '../config/config.js';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/tx.js';
import { SECOND_MICROS, nowMicros } from '../time.js';
import { PasswordReset } from './password-reset.entity.js';

/** Short enough that a mail does not fold the link. */
const TOKEN_BYTES = 20;
const LIFETIME_SECONDS = 3600;
/** Links that one user is sent within an hour: more would only fill a mailbox. */
const LINKS_PER_HOUR_MAX = 3;

const digestOf = (token: string) => createHash('sha256').update(token).digest('hex');

/** Tokens by which a user sets a password: 160 random bits, kept as digests, good once and for an hour. */
@Injectable()
export class PasswordLinks {
  constructor(
    private readonly reader: ReadConnection,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** A new token; it is told here and never again. The user's expired ones go. */
  async issue(tx: Tx, userId: string): Promise<string> {
    const now = nowMicros();
    await tx.write(
      '/* password_reset.expire */ DELETE FROM password_resets WHERE user_id = $1 AND expires_at <= $2 RETURNING id',
      [userId, now],
    );
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const expiresAt = now + LIFETIME_SECONDS * SECOND_MICROS;
    const row = { id: newId(), digest: digestOf(token), userId, expiresAt, createdAt: now };
    tx.insertLater(PasswordReset, row);
    return token;
  }

  /** The same; undefined for a user who was given enough of them within the hour. */
  async issueBySelf(tx: Tx, userId: string): Promise<string | undefined> {
    const live = await tx.read(
      `/* password_reset.live */ SELECT id FROM password_resets
       WHERE user_id = $1 AND expires_at > $2 LIMIT ${String(LINKS_PER_HOUR_MAX)}`,
      [userId, nowMicros()],
    );
    return live.length < LINKS_PER_HOUR_MAX ? this.issue(tx, userId) : undefined;
  }

  /**
   * The link that carries the token, in its fragment: that part reaches no server, and so no log. Made from
   * `PUBLIC_URL` alone, and relative where that is not set.
   */
  linkOf(token: string): string {
    return `${this.config.publicUrl}/#password-reset=${token}`;
  }

  /** Whose password the token sets; undefined when it is unknown, spent or expired. Spends nothing. */
  async ownerOf(token: string): Promise<string | undefined> {
    const [row] = await this.reader.read<{ userId: string }>(
      `/* password_reset.find */ SELECT user_id AS "userId" FROM password_resets
       WHERE digest = $1 AND expires_at > $2`,
      [digestOf(token), nowMicros()],
    );
    return row?.userId;
  }

  /** Spends the token. False when another request was faster, or it has expired: then nothing is changed. */
  async spend(tx: Tx, token: string): Promise<boolean> {
    const spent = await tx.write(
      '/* password_reset.spend */ DELETE FROM password_resets WHERE digest = $1 AND expires_at > $2 RETURNING id',
      [digestOf(token), nowMicros()],
    );
    return spent.length > 0;
  }

  /** None of the user's tokens serves any more. */
  async endAll(tx: Tx, userId: string): Promise<void> {
    await tx.write(
      '/* password_reset.end_all */ DELETE FROM password_resets WHERE user_id = $1 RETURNING id',
      [userId],
    );
  }
}
