import type { Wait } from './answer-machine.js';

/** Ends an answer when what it waits for does not come; each new wait begins anew, and the same one goes on. */
export class Deadline {
  private wait: Wait | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly onOver: () => void) {}

  follow(wait: Wait | undefined): void {
    if (wait === this.wait) return;
    this.clear();
    this.wait = wait;
    if (wait) this.timer = setTimeout(this.onOver, wait.ms);
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}
