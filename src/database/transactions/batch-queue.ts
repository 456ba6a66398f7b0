import { QueueFull } from '../../errors.js';

/** The bounds of a queue. */
export interface BatchLimits {
  /** Maximum number of items in one batch. */
  readonly batchMax: number;
  /** Maximum number of items that wait. The next item is refused with 503. */
  readonly waitingMax?: number;
  /** After this time the next batch starts although this one has not ended. Without it, batches never overlap. */
  readonly stallTimeoutMs?: number;
}

const WAITING_MAX = 10_000;

/**
 * Works on one batch. `take` returns the items of the batch. It is called once, as late as possible, because more
 * items may have arrived by then. The function given to `onStalled` is called if the batch takes too long. Must not
 * reject.
 */
export type BatchWork<Item> = (
  take: () => Item[],
  onStalled: (tell: () => void) => void,
) => Promise<void>;

/** A bounded queue. Items that arrive while a batch runs wait and share the next batch. */
export class BatchQueue<Item> {
  private readonly waiting: Item[] = [];
  private draining: Promise<void> | undefined;

  constructor(
    private readonly work: BatchWork<Item>,
    private readonly limits: BatchLimits,
  ) {}

  /** Number of items that wait for the next batch. */
  get depth(): number {
    return this.waiting.length;
  }

  /** Throws `Unavailable` if too many items wait. */
  add(item: Item): void {
    if (this.waiting.length >= (this.limits.waitingMax ?? WAITING_MAX)) {
      throw new QueueFull();
    }
    this.waiting.push(item);
    this.draining ??= this.drain();
  }

  /** Resolves when no item waits and no batch runs. Batches that stalled do not count. */
  async idle(): Promise<void> {
    await this.draining;
  }

  private async drain(): Promise<void> {
    // One microtask later, so that items added in the same turn share the first batch too.
    await Promise.resolve();
    while (this.waiting.length > 0) await this.workOnce();
    this.draining = undefined;
  }

  private workOnce(): Promise<void> {
    const { batchMax, stallTimeoutMs } = this.limits;
    const stalled: (() => void)[] = [];
    const worked = this.work(
      () => this.waiting.splice(0, batchMax),
      (tell) => stalled.push(tell),
    );
    if (stallTimeoutMs === undefined) return worked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        for (const tell of stalled) tell();
        resolve();
      }, stallTimeoutMs).unref();
      const over = () => {
        clearTimeout(timer);
      };
      worked.finally(over).then(resolve, reject);
    });
  }
}
