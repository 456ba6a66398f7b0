import { createHook } from 'node:async_hooks';

/** The name of argon2's computations, both for making and for checking a hash. */
const HASH_WORK = 'argon2:HashWorker';

/** Counts the argon2 computations of this process. It replaces nothing. */
export class HashProbe {
  /** Number of started computations. */
  begun = 0;
  /** Maximum number of computations at the same time. */
  concurrentMax = 0;
  /** How long the computations took, in milliseconds, from the request for a thread to the result. */
  runningMs = 0;
  private readonly running = new Map<number, number>();
  private readonly hook = createHook({
    init: (id, type) => {
      if (type !== HASH_WORK) return;
      this.begun += 1;
      this.running.set(id, performance.now());
      this.concurrentMax = Math.max(this.concurrentMax, this.running.size);
    },
    before: (id) => {
      if (!this.running.has(id)) return;
      this.runningMs += performance.now() - (this.running.get(id) ?? NaN);
      this.running.delete(id);
    },
  }).enable();

  /** Returns the number of computations that `work` causes. */
  async during(work: () => Promise<unknown>): Promise<number> {
    const before = this.begun;
    await work();
    return this.begun - before;
  }

  stop(): void {
    this.hook.disable();
  }
}
