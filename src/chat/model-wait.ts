/** Time in which most models send their first word, and every further one. Nothing is charged for it. */
const GRACE_MS = 3000;
/** About what current models think in a second. */
const TOKENS_PER_SECOND = 100;

/**
 * The time that an answer waits for its model. A model that sends nothing for long may think without passing that on.
 * The provider counts this only at the end of an answer, so for an answer that is stopped it is estimated.
 */
export class ModelWait {
  /** False while the request waits for its share of the event loop, or for a free connection. */
  isAsked = false;
  private countedMs = 0;
  /** When the current wait began; undefined while the model is not waited for. */
  private beganAt: number | undefined;

  /** Receives whether the request waits for a free connection. The wait for the model begins after that. */
  readonly onQueue = (isQueued: boolean): void => {
    this.isAsked = !isQueued;
    this.beganAt = isQueued ? undefined : performance.now();
  };

  begin(): void {
    this.onQueue(false);
  }

  /** Ends the wait, because the model has sent something. */
  end(): void {
    this.countedMs += this.waitedMs();
    this.beganAt = undefined;
  }

  /** The estimate of what was thought unseen until now, in model tokens. */
  get unseenTokens(): number {
    return Math.floor(((this.countedMs + this.waitedMs()) * TOKENS_PER_SECOND) / 1000);
  }

  private waitedMs(): number {
    const { beganAt } = this;
    return beganAt === undefined ? 0 : Math.max(0, performance.now() - beganAt - GRACE_MS);
  }
}
