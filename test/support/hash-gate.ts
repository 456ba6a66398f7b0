import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { LimitFunction } from 'p-limit';
import { PasswordHasher, type HashLine } from '../../src/auth/passwords/password-hasher.js';
import { releaseAfterEach } from './releasable.js';
import { until } from './until.js';

/**
 * Takes all slots for password hashes, or only the places of one line. Until the gate is opened, a hash waits for its
 * turn or is refused.
 */
export class HashGate {
  open: () => void = () => undefined;
  private readonly hasher: PasswordHasher;

  constructor(app: NestFastifyApplication, line?: HashLine) {
    this.hasher = app.get(PasswordHasher);
    const lines = Reflect.get(this.hasher, 'lines') as Record<HashLine, { places: LimitFunction }>;
    const slots = line ? lines[line].places : (Reflect.get(this.hasher, 'slots') as LimitFunction);
    const opened = new Promise<void>((resolve) => (this.open = resolve));
    for (let taken = 0; taken < slots.concurrency; taken += 1) void slots(() => opened);
    releaseAfterEach(this);
  }

  /** Resolves when `count` hashes wait. */
  untilWaiting(count: number): Promise<void> {
    return until(() => this.hasher.depth === count);
  }

  remember(): void {
    // A gate is used in one test only.
  }

  release(): void {
    this.open();
  }
}
