import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import pLimit from 'p-limit';
import { normalizeEmail } from '../auth/email.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { Mailer } from './mailer.js';
import { PasswordLinks } from './password-links.js';

/** Requests that may wait for the mail server; what comes then is dropped, and the person asks again. */
const WAITING_MAX = 100;
/** People may share an address, but not without end. */
const USERS_PER_ADDRESS_MAX = 5;

/** Whose password is forgotten. */
export interface Forgotten {
  readonly username?: string | undefined;
  readonly email?: string | undefined;
}

/**
 * Sends links by which a password is set. All of it happens after the request was answered, so that neither
 * the answer nor its time tells whether there is such a user; one after the other, so that a flood of
 * requests costs one mail at a time.
 */
@Injectable()
export class ResetMails implements OnModuleDestroy {
  private readonly logger = new Logger(ResetMails.name);
  private readonly places = pLimit(1);
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    private readonly users: UsersService,
    private readonly links: PasswordLinks,
    private readonly mailer: Mailer,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Remembers the request and returns at once. Without a mail server, or with too much waiting, nothing happens. */
  request(forgotten: Forgotten): void {
    if (!this.mailer.isOn) return;
    if (this.places.pendingCount >= WAITING_MAX) {
      this.logger.warn('too many mails are waiting: a request for a link was dropped');
      return;
    }
    const sent = this.places(() => this.send(forgotten)).catch((error: unknown) => {
      this.logger.error({ err: error }, 'a link was not sent');
    });
    this.underWay.add(sent);
    void sent.finally(() => this.underWay.delete(sent));
  }

  /** What waits is dropped; the mail under way is waited for, which has its own time limits. */
  async onModuleDestroy(): Promise<void> {
    this.places.clearQueue();
    if (this.places.activeCount > 0) await Promise.race(this.underWay);
  }

  private async send(forgotten: Forgotten): Promise<void> {
    for (const user of await this.find(forgotten)) {
      if (user.email === '' || !user.isActive) continue;
      const token = await this.unitOfWork.run((tx) => this.links.issueBySelf(tx, user.id));
      if (token !== undefined) await this.mailer.send(mailFor(user, this.links.linkOf(token)));
    }
  }

  private async find({ username, email }: Forgotten): Promise<User[]> {
    if (username !== undefined) {
      const user = await this.users.findByUsername(username);
      return user ? [user] : [];
    }
    return this.users.findByEmail(normalizeEmail(email ?? ''), USERS_PER_ADDRESS_MAX);
  }
}

function mailFor({ username, email }: User, link: string) {
  const text = `Somebody asked for a new password for the account "${username}".

To choose one, open this link. It works once, within an hour:

${link}

If it was not you, do nothing: the old password goes on working.
`;
  return { to: email, subject: 'Choose a new password', text };
}
