import type { Charge, Store } from './store.js';

const BATCH_MAX = 64;

interface Waiting {
  readonly charge: Charge;
  readonly resolve: (available: number | undefined) => void;
  readonly reject: (failure: unknown) => void;
}

/** Chats that arrive while a commit is written share the next commit. */
export class Group {
  private waiting: Waiting[] = [];
  private busy = false;

  constructor(private readonly store: Store) {}

  /** Returns the wallet's available tokens after the charge is on disk. Returns undefined if they do not suffice. */
  pay(charge: Charge): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ charge, resolve, reject });
      if (!this.busy) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.busy = true;
    while (this.waiting.length > 0) {
      const group = this.waiting.splice(0, BATCH_MAX);
      try {
        const paid = await this.store.charge(group.map(({ charge }) => charge));
        for (const { charge, resolve } of group) resolve(paid.get(charge.userId)?.available);
      } catch (failure) {
        for (const { reject } of group) reject(failure);
      }
    }
    this.busy = false;
  }
}
