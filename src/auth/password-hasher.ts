import { Inject, Injectable } from '@nestjs/common';
import { argon2id, hash, needsRehash, verify, type HashOptions } from 'argon2';
import pLimit from 'p-limit';
import { CONFIG, type Config } from '../config.js';
import { Unavailable } from '../errors.js';

const RETRY_AFTER_SECONDS = 1;

/**
 * argon2id, a few at once. Hashing shares libuv's threads with the database: unbounded, a storm of logins
 * would stop every chat. What exceeds the places waits; what exceeds the queue is told 503.
 */
@Injectable()
export class PasswordHasher {
  private readonly places: ReturnType<typeof pLimit>;
  private readonly options: HashOptions & { raw?: false };
  private readonly dummy: Promise<string>;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    this.places = pLimit(config.hashConcurrency);
    this.options = {
      type: argon2id,
      memoryCost: config.argon2MemoryKib,
      timeCost: config.argon2Passes,
      parallelism: 1,
    };
    this.dummy = this.hash('nobody has this password');
  }

  /** The password's hash in PHC form. Throws `Unavailable` when the queue is full. */
  hash(password: string): Promise<string> {
    return this.takeTurn(() => hash(password, this.options));
  }

  /**
   * Whether the password is the one hashed. Without a hash the time of one is spent all the same, so that
   * a login takes as long for an unknown name as for a wrong password.
   */
  async verify(phc: string | undefined, password: string): Promise<boolean> {
    const against = phc ?? (await this.dummy);
    const matches = await this.takeTurn(() => verify(against, password));
    return matches && phc !== undefined;
  }

  /** Whether the hash was made at another cost than today's. */
  isOutdated(phc: string): boolean {
    return needsRehash(phc, this.options);
  }

  private takeTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.places.pendingCount >= this.config.hashQueueMax + this.config.hashConcurrency) {
      throw new Unavailable('Too many logins are waiting.', RETRY_AFTER_SECONDS);
    }
    return this.places(work);
  }
}
