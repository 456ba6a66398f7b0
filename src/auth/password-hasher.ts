import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { argon2id, hash, needsRehash, verify, type HashOptions } from 'argon2';
import pLimit from 'p-limit';
import { CONFIG, type Config } from '../config/config.js';
import { TooManyLogins } from '../errors.js';
import { RefusalDelay } from '../limits/refusal-delay.js';
import { isPbkdf2, verifyPbkdf2 } from './django-password.js';
import { formsToTry, normalizePassword } from './password-forms.js';

/** If more than `LONG_QUEUE` hashes wait, each slot pauses after a hash for `PAUSE_FACTOR` times the hash's duration. */
const LONG_QUEUE = 16;
const PAUSE_FACTOR = 1.5;
const ARGON2_PREFIX = '$argon2id$';

/**
 * Which form of a password matches a hash: the normal form, or only the text as typed, for hashes made before
 * passwords were normalised.
 */
export type PasswordMatch = 'normal form' | 'typed form' | undefined;

/**
 * Hashes passwords with argon2id, a few at once. Hashing uses the same libuv threads as the database and, on
 * hosts with few cores, the event loop's core. Without a bound and a pause, a flood of logins would stop
 * every chat. Hashes past the places wait. Hashes past the queue get a 503 after a second.
 */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private readonly slots: ReturnType<typeof pLimit>;
  private readonly options: HashOptions & { raw?: false };
  /** Used in place of an unknown user's hash. It has the same cost as the other hashes. */
  private dummy = '';

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly refusalDelay: RefusalDelay,
  ) {
    this.slots = pLimit(config.hashConcurrency);
    this.options = {
      type: argon2id,
      memoryCost: config.argon2MemoryKib,
      timeCost: config.argon2Passes,
      parallelism: 1,
    };
  }

  /**
   * Makes the dummy hash before the first request. The service does not start if this host cannot pay the
   * configured cost.
   */
  async onModuleInit(): Promise<void> {
    this.dummy = await this.hash('nobody has this password');
  }

  /**
   * Returns the hash of the password's normal form, in PHC format. Rejects with `TooManyLogins` if the queue
   * is full.
   */
  async hash(password: string): Promise<string> {
    const normal = normalizePassword(password);
    const phc = await this.runInSlot(() => hash(normal, this.options));
    // The library sorts the parameters by name. Other readers of argon2 accept only this order.
    return phc.replace(/m=(\d+),p=(\d+),t=(\d+)/, 'm=$1,t=$3,p=$2');
  }

  /**
   * Returns which form of the password matches the hash; undefined if none does. Without a hash it takes the same
   * time, so that a login takes as long for an unknown name as for a wrong password. Rejects as `hash` does.
   */
  async verify(stored: string | undefined, password: string): Promise<PasswordMatch> {
    for (const [index, form] of formsToTry(password).entries()) {
      if (await this.runInSlot(() => this.compare(stored, form))) {
        return index === 0 ? 'normal form' : 'typed form';
      }
    }
    return undefined;
  }

  /**
   * Compares one form with the hash. A hash in an unknown format matches no password, and takes as long as a
   * known one.
   */
  private async compare(stored: string | undefined, form: string): Promise<boolean> {
    if (stored !== undefined && isPbkdf2(stored)) return verifyPbkdf2(stored, form);
    const isKnown = stored?.startsWith(ARGON2_PREFIX) === true;
    return (await verify(isKnown ? stored : this.dummy, form)) && isKnown;
  }

  /** Returns whether the hash uses another algorithm or another cost than today's. */
  isOutdated(stored: string): boolean {
    return !stored.startsWith(ARGON2_PREFIX) || needsRehash(stored, this.options);
  }

  /** Number of hashes that wait for a place. */
  get depth(): number {
    return this.slots.pendingCount;
  }

  private async runInSlot<T>(work: () => Promise<T>): Promise<T> {
    const { activeCount, pendingCount } = this.slots;
    const isFull = pendingCount >= this.config.hashQueueMax;
    if (isFull && activeCount >= this.config.hashConcurrency) {
      await this.refusalDelay.wait();
      throw new TooManyLogins();
    }
    return new Promise<T>((resolve, reject) => {
      void this.slots(async () => {
        const startedAt = performance.now();
        const done = work();
        done.then(resolve, reject);
        await done.catch(() => undefined);
        if (this.depth > LONG_QUEUE) await sleep(PAUSE_FACTOR * (performance.now() - startedAt));
      });
    });
  }
}
