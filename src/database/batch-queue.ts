import { TooManyWaiting } from '../errors.js';

/** How much a queue takes. */
export interface BatchLimits {
  /** Items of one batch at most. */
  readonly batchMax: number;
  /** Items that wait at most; the next one is refused with 503. */
  readonly waitingMax?: number;
  /** A batch that takes longer is left to itself, and the next one starts. Without it, batches never overlap. */
  readonly stallTimeoutMs?: number;
}

const WAITING_MAX = 10_000;

/**
 * Works on one batch. `take` gives the items of the batch and is called once, as late as possible: more may
 * have come by then. What `onStalled` is given is called when the batch has taken too long. Must not reject.
 */
export type BatchWork<Item> = (
  take: () => Item[],
  onStalled: (tell: () => void) => void,
) => Promise<void>;

/** A bounded queue: while one batch is under way, the items that come wait, and share the next batch. */
export class BatchQueue<Item> {
  private readonly waiting: Item[] = [];
  private draining: Promise<void> | undefined;

  constructor(
    private readonly work: BatchWork<Item>,
    private readonly limits: BatchLimits,
  ) {}

  /** Items that wait for the next batch. */
  get depth(): number {
    return this.waiting.length;
  }

  /** Throws `Unavailable` when too many items wait. */
  add(item: Item): void {
    if (this.waiting.length >= (this.limits.waitingMax ?? WAITING_MAX)) {
      throw new TooManyWaiting();
    }
    this.waiting.push(item);
    this.draining ??= this.drain();
  }

  /** Resolves once nothing waits and no batch is under way, but for those that stalled. */
  async idle(): Promise<void> {
    await this.draining;
  }

  private async drain(): Promise<void> {
    // Items that come together share the first batch too.
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
