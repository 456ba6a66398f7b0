import type { Wait } from './answer-machine.js';

/**
 * Ends an answer if the expected data does not arrive in time. A new wait starts the timer again; the same wait
 * does not.
 */
export class Deadline {
  private wait: Wait | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly onTimeout: () => void) {}

  setWait(wait: Wait | undefined): void {
    if (wait === this.wait) return;
    this.clear();
    this.wait = wait;
    if (wait) this.timer = setTimeout(this.onTimeout, wait.ms);
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}
