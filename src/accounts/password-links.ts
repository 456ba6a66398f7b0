import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LessThanOrEqual, MoreThan } from 'typeorm';
import { digestOf } from '../digest.js';
import { newId } from '../new-id.js';
import { CONFIG, type Config } from '../config/config.js';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/transactions/tx.js';
import { SECOND_MICROS, nowMicros } from '../time.js';
import { PasswordReset } from './password-reset.entity.js';

/** Short enough that mail programs do not break the link. */
const TOKEN_BYTES = 20;
const LIFETIME_SECONDS = 3600;
/** Number of valid links that a user can request within an hour. More would only fill the mailbox. */
const LINKS_PER_HOUR_MAX = 3;

/** Tokens that let a user set a password: 160 random bits, stored as digests, valid once and for an hour. */
@Injectable()
export class PasswordLinks {
  constructor(
    private readonly reader: ReadConnection,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Adds a token and returns it. Only this call returns it. Deletes the user's expired tokens. */
  async issue(tx: Tx, userId: string): Promise<string> {
    const now = nowMicros();
    const links = await tx.repository(PasswordReset);
    await links.delete({ userId, expiresAt: LessThanOrEqual(now) });
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const expiresAt = now + LIFETIME_SECONDS * SECOND_MICROS;
    const row = { id: newId(), digest: digestOf(token), userId, expiresAt, createdAt: now };
    tx.insertLater(PasswordReset, row);
    return token;
  }

  /** Adds a token that the user asked for. Returns undefined if the user has enough valid tokens already. */
  async issueForRequest(tx: Tx, userId: string): Promise<string | undefined> {
    const links = await tx.repository(PasswordReset);
    const validLinks = await links.countBy({ userId, expiresAt: MoreThan(nowMicros()) });
    return validLinks < LINKS_PER_HOUR_MAX ? this.issue(tx, userId) : undefined;
  }

  /**
   * Returns the link for a token. The token is in the fragment, which browsers do not send, so it reaches no
   * server log. The link starts with `PUBLIC_URL`, and is relative if that is not set.
   */
  linkOf(token: string): string {
    return `${this.config.publicUrl}/#password-reset=${token}`;
  }

  /**
   * Returns the id of the user whose password the token sets; undefined if the token is unknown, used or
   * expired. Does not use the token.
   */
  async ownerOf(token: string): Promise<string | undefined> {
    const valid = { digest: digestOf(token), expiresAt: MoreThan(nowMicros()) };
    return (await this.reader.repository(PasswordReset).findOneBy(valid))?.userId;
  }

  /** Uses up the token. Returns false, and changes nothing, if it has expired or another request used it first. */
  async useToken(tx: Tx, token: string): Promise<boolean> {
    const spent = await tx.write(
      '/* password_reset.spend */ DELETE FROM password_resets WHERE digest = $1 AND expires_at > $2 RETURNING id',
      [digestOf(token), nowMicros()],
    );
    return spent.length > 0;
  }

  /** Invalidates all tokens of the user. */
  async endAll(tx: Tx, userId: string): Promise<void> {
    await (await tx.repository(PasswordReset)).delete({ userId });
  }
}
