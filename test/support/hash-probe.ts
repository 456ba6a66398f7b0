import { createHook } from 'node:async_hooks';

/** What argon2's addon calls one computation, whether it makes a hash or checks one. */
const HASH_WORK = 'argon2:HashWorker';

/** Counts the argon2 computations of this process as they happen; nothing is put in their place. */
export class HashProbe {
  /** How many were begun. */
  begun = 0;
  /** The most that were under way at once. */
  togetherMax = 0;
  private readonly underWay = new Set<number>();
  private readonly hook = createHook({
    init: (id, type) => {
      if (type !== HASH_WORK) return;
      this.begun += 1;
      this.underWay.add(id);
      this.togetherMax = Math.max(this.togetherMax, this.underWay.size);
    },
    before: (id) => {
      this.underWay.delete(id);
    },
  }).enable();

  /** How many computations `work` leads to. */
  async during(work: () => Promise<unknown>): Promise<number> {
    const before = this.begun;
    await work();
    return this.begun - before;
  }

  stop(): void {
    this.hook.disable();
  }
}
