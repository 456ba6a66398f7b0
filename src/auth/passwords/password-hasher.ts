import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { argon2id, hash, needsRehash, verify, type HashOptions } from 'argon2';
import pLimit, { type LimitFunction } from 'p-limit';
import { CONFIG, type Config } from '../../config/config.js';
import { TooManyLogins } from '../../errors.js';
import { RefusalDelay } from '../../limits/refusal-delay.js';
import { isPbkdf2, verifyPbkdf2 } from './django-password.js';
import { formsToTry, normalizePassword } from './password-forms.js';

/**
 * A line rests after a hash for up to this many times the hash's duration. On one core a busy event loop doubles
 * this duration, so a line then takes an eighth of the core.
 */
const REST_FACTOR = 3;
/** The password of the hash that is checked if there is no such user. No user's password is compared with it. */
export const DUMMY_PASSWORD = 'nobody has this password';
const ARGON2_PREFIX = '$argon2id$';

/**
 * Which form of a password matches a hash: the normal form, or only the text as typed, for hashes made before
 * passwords were normalised.
 */
export type PasswordMatch = 'normal form' | 'typed form' | undefined;

/**
 * Who a hash is for: `known` is a user who has logged in from this network before or is logged in now. Strangers are
 * `recent` if another stranger has tried from their network lately, and otherwise `new`.
 */
export type HashLine = 'known' | 'new' | 'recent';

interface Line {
  /** Number of hashes that have not begun. */
  waiting: number;
  /** A place is free again when the line has rested. */
  readonly places: LimitFunction;
}

/**
 * Hashes passwords with argon2id, a few at once. Hashing uses the same libuv threads as the database and, on
 * hosts with few cores, the event loop's core. Without a bound and a rest, a flood of logins would stop every
 * chat. A line's hash takes a slot only when the line has rested. There are three lines, so that known users do not
 * wait for a flood of strangers, and a new stranger does not wait for networks that try again and again. Hashes past
 * the end of a line get a late 503.
 */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private readonly slots: LimitFunction;
  private readonly lines: Readonly<Record<HashLine, Line>>;
  private readonly options: HashOptions & { raw?: false };
  /** Used in place of an unknown user's hash. It has the same cost as the other hashes. */
  private dummy = '';

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly refusalDelay: RefusalDelay,
  ) {
    const { hashConcurrency } = config;
    this.slots = pLimit(hashConcurrency);
    this.lines = {
      known: { waiting: 0, places: pLimit(hashConcurrency) },
      new: { waiting: 0, places: pLimit(hashConcurrency) },
      recent: { waiting: 0, places: pLimit(hashConcurrency) },
    };
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
    this.dummy = await this.hash(DUMMY_PASSWORD, 'known');
  }

  /**
   * Returns the hash of the password's normal form, in PHC format. Rejects with `TooManyLogins` if the line
   * is full.
   */
  async hash(password: string, line: HashLine): Promise<string> {
    const normal = normalizePassword(password);
    const phc = await this.runInSlot(line, () => hash(normal, this.options));
    // The library sorts the parameters by name. Other readers of argon2 accept only this order.
    return phc.replace(/m=(\d+),p=(\d+),t=(\d+)/, 'm=$1,t=$3,p=$2');
  }

  /**
   * Returns which form of the password matches the hash; undefined if none does. Without a hash it takes the same
   * time, so that a login takes as long for an unknown name as for a wrong password. Rejects as `hash` does.
   */
  async verify(
    stored: string | undefined,
    password: string,
    line: HashLine,
  ): Promise<PasswordMatch> {
    for (const [index, form] of formsToTry(password).entries()) {
      if (await this.runInSlot(line, () => this.compare(stored, form))) {
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
    const isArgon2 = stored?.startsWith(ARGON2_PREFIX) === true;
    return (await verify(isArgon2 ? stored : this.dummy, form)) && isArgon2;
  }

  /** Returns whether the hash uses another algorithm or another cost than today's. */
  isOutdated(stored: string): boolean {
    return !stored.startsWith(ARGON2_PREFIX) || needsRehash(stored, this.options);
  }

  /** Number of hashes that wait. */
  get depth(): number {
    return Object.values(this.lines).reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /** Rejects with a late `TooManyLogins` if the line is full. A refused login then costs no look-up of its user. */
  async requirePlace(line: HashLine, network: string): Promise<void> {
    if (this.isFull(line)) await this.refuse(network);
  }

  private async refuse(caller: string): Promise<never> {
    await this.refusalDelay.wait(caller);
    throw new TooManyLogins();
  }

  /** Known users need only a place in their own line, so that strangers in all slots do not shut them out. */
  private isFull(line: HashLine): boolean {
    const { hashConcurrency, hashQueueMax } = this.config;
    const { waiting, places } = this.lines[line];
    const needed = line === 'known' ? [places] : [places, this.slots];
    const canBegin = needed.every(({ activeCount }) => activeCount < hashConcurrency);
    return waiting >= hashQueueMax && !canBegin;
  }

  private async runInSlot<T>(name: HashLine, work: () => Promise<T>): Promise<T> {
    const line = this.lines[name];
    if (this.isFull(name)) await this.refuse(name);
    line.waiting += 1;
    return new Promise<T>((resolve, reject) => {
      void line.places(async () => {
        const restMs = await this.slots(() => {
          line.waiting -= 1;
          const done = work();
          done.then(resolve, reject);
          return restAfter(done);
        });
        if (restMs > 0) await sleep(restMs);
      });
    });
  }
}

/**
 * Waits for a hash, and returns how long its line rests then. If the event loop is busy for half of the time or
 * less, the hash delays no other request, and the line does not rest.
 */
async function restAfter(hashed: Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  const before = performance.eventLoopUtilization();
  await hashed.catch(() => undefined);
  const { utilization } = performance.eventLoopUtilization(before);
  return REST_FACTOR * Math.max(0, 2 * utilization - 1) * (performance.now() - startedAt);
}
