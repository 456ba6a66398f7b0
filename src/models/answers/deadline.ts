import type { Wait } from './answer-machine.js';

/** The time between the end of a wait and the end of all time, for the last steps of the answer. */
const LAST_STEPS_MS = 500;

/**
 * Ends an answer if the expected data does not arrive in time. A new wait starts the timer again; the same wait
 * does not.
 */
export class Deadline {
  private wait: Wait | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly onTimeout: () => void) {}

  /** Sets the wait. It ends before `endsAt`, by `performance.now()`. */
  setWait(wait: Wait | undefined, endsAt = Infinity): void {
    if (wait === this.wait) return;
    this.clear();
    this.wait = wait;
    if (!wait) return;
    const leftMs = Math.max(0, endsAt - performance.now() - LAST_STEPS_MS);
    this.timer = setTimeout(this.onTimeout, Math.min(wait.ms, leftMs));
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}
