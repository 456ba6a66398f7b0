import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import pLimit from 'p-limit';
import { emailSpellings } from '../auth/email.js';
import type { Tx } from '../database/transactions/tx.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { Mailer } from './mailer.js';
import { PasswordLinks } from './password-links.js';

/**
 * Number of requests that may wait for the mail server. Further requests are dropped, and the user must ask again.
 */
const WAITING_MAX = 100;
/**
 * Number of users with the same address that one request reaches. Users may share an address, but not without
 * limit.
 */
const USERS_PER_ADDRESS_MAX = 5;

/** The user who forgot the password, by username or by email address. */
export interface ResetRequest {
  readonly username?: string | undefined;
  readonly email?: string | undefined;
}

/**
 * Sends links to set a new password. All work happens after the request was answered, so neither the answer
 * nor its time shows whether the user exists. Mails are sent one after another, so a flood of requests costs
 * one mail at a time.
 */
@Injectable()
export class ResetMails implements OnModuleDestroy {
  private readonly logger = new Logger(ResetMails.name);
  private readonly queue = pLimit(1);
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly users: UsersService,
    private readonly links: PasswordLinks,
    private readonly mailer: Mailer,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Queues the request and returns at once. Does nothing if no mail server is set or too many requests are waiting.
   */
  request(resetRequest: ResetRequest): void {
    if (!this.mailer.isOn) return;
    if (this.queue.pendingCount >= WAITING_MAX) {
      this.logger.warn('too many mails are waiting: a request for a link was dropped');
      return;
    }
    const sending = this.queue(() => this.send(resetRequest)).catch((error: unknown) => {
      this.logger.error({ err: error }, 'a link was not sent');
    });
    this.running.add(sending);
    void sending.finally(() => this.running.delete(sending));
  }

  /** Drops the waiting requests and waits for the mail that is being sent, which has its own time limits. */
  async onModuleDestroy(): Promise<void> {
    this.queue.clearQueue();
    if (this.queue.activeCount > 0) await Promise.race(this.running);
  }

  private async send(resetRequest: ResetRequest): Promise<void> {
    for (const user of await this.find(resetRequest)) {
      if (user.email === '' || !user.isActive) continue;
      const token = await this.unitOfWork.run((tx) => this.issue(tx, user));
      if (token !== undefined) await this.mailer.send(mailFor(user, this.links.linkOf(token)));
    }
  }

  /**
   * Returns the token of a new link; undefined if the user may get none. Mails to other users may have taken seconds
   * since the address was read, and a link for an address that the user gave up would belong to somebody else.
   */
  private async issue(tx: Tx, { id, email }: User): Promise<string | undefined> {
    const current = await this.users.lock(tx, id);
    return current?.email === email ? this.links.issueForRequest(tx, id) : undefined;
  }

  private async find({ username, email }: ResetRequest): Promise<User[]> {
    if (username !== undefined) {
      const user = await this.users.findByUsername(username);
      return user ? [user] : [];
    }
    return this.users.findByEmail(emailSpellings(email ?? ''), USERS_PER_ADDRESS_MAX);
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
