import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { argon2id, hash, needsRehash, verify, type HashOptions } from 'argon2';
import pLimit from 'p-limit';
import { CONFIG, type Config } from '../config/config.js';
import { TooManyLogins } from '../errors.js';
import { LateRefusals } from '../limits/late-refusals.js';
import { isPbkdf2, verifyPbkdf2 } from './django-password.js';
import { formsToTry, normalPassword } from './password-forms.js';

/** With more than so many waiting, a place rests after each hash, so many times as long as that took. */
const STORM = 16;
const REST = 1.5;
const ARGON2_PREFIX = '$argon2id$';

/** Whether a password is the hashed one: in its normal form, or only as typed, by a hash of older days. */
export type PasswordMatch = 'normal form' | 'typed form' | undefined;

/**
 * argon2id, a few at once. Hashing shares libuv's threads with the database, and where cores are few the loop's core:
 * unbounded, or without a rest, a storm of logins would stop every chat. What exceeds the places waits; what exceeds the queue is told 503, a second late.
 */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private readonly places: ReturnType<typeof pLimit>;
  private readonly options: HashOptions & { raw?: false };
  /** Stands in for the hash of an unknown user, at the cost that everyone else's has. */
  private dummy = '';

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly late: LateRefusals,
  ) {
    this.places = pLimit(config.hashConcurrency);
    this.options = {
      type: argon2id,
      memoryCost: config.argon2MemoryKib,
      timeCost: config.argon2Passes,
      parallelism: 1,
    };
  }

  /** Before the first request. A cost that this host cannot pay keeps the service from starting. */
  async onModuleInit(): Promise<void> {
    this.dummy = await this.hash('nobody has this password');
  }

  /** The hash of the password's normal form, in PHC form. Rejects with `TooManyLogins` when the queue is full. */
  async hash(password: string): Promise<string> {
    const normal = normalPassword(password);
    const phc = await this.takeTurn(() => hash(normal, this.options));
    // The library sorts the parameters by name; other readers of argon2 know this order alone.
    return phc.replace(/m=(\d+),p=(\d+),t=(\d+)/, 'm=$1,t=$3,p=$2');
  }

  /**
   * Whether the password is the one hashed, and in which form. Without a hash the same time is spent, so that
   * a login takes as long for an unknown name as for a wrong password. Rejects as `hash` does.
   */
  async verify(stored: string | undefined, password: string): Promise<PasswordMatch> {
    for (const [index, form] of formsToTry(password).entries()) {
      if (await this.takeTurn(() => this.compare(stored, form))) {
        return index === 0 ? 'normal form' : 'typed form';
      }
    }
    return undefined;
  }

  /** A hash of no known form is nobody's password, and takes as long as one that is. */
  private async compare(stored: string | undefined, form: string): Promise<boolean> {
    if (stored !== undefined && isPbkdf2(stored)) return verifyPbkdf2(stored, form);
    const isKnown = stored?.startsWith(ARGON2_PREFIX) === true;
    return (await verify(isKnown ? stored : this.dummy, form)) && isKnown;
  }

  /** Whether the hash was made in another way, or at another cost, than today's. */
  isOutdated(stored: string): boolean {
    return !stored.startsWith(ARGON2_PREFIX) || needsRehash(stored, this.options);
  }

  /** Hashes that wait for their turn. */
  get depth(): number {
    return this.places.pendingCount;
  }

  private async takeTurn<T>(work: () => Promise<T>): Promise<T> {
    const { activeCount, pendingCount } = this.places;
    const isFull = pendingCount >= this.config.hashQueueMax;
    if (isFull && activeCount >= this.config.hashConcurrency) {
      await this.late.wait();
      throw new TooManyLogins();
    }
    return new Promise<T>((resolve, reject) => {
      void this.places(async () => {
        const startedAt = performance.now();
        const done = work();
        done.then(resolve, reject);
        await done.catch(() => undefined);
        if (this.depth > STORM) await sleep(REST * (performance.now() - startedAt));
      });
    });
  }
}
