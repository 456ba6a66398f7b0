/** Time in which most models send their first word, and every further one. Nothing is charged for it. */
const GRACE_MS = 3000;

/**
 * The time that an answer waits for its model. Some models think for long without passing that on. Their provider
 * counts this only at the end of an answer, so for an answer that is stopped it is estimated by this time.
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

  /** The estimate of what was thought unseen until now, in model tokens, for a model that thinks this fast. */
  unseenTokens(perSecond: number): number {
    return Math.floor(((this.countedMs + this.waitedMs()) * perSecond) / 1000);
  }

  private waitedMs(): number {
    const { beganAt } = this;
    return beganAt === undefined ? 0 : Math.max(0, performance.now() - beganAt - GRACE_MS);
  }
}
