import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { DatabaseUnavailable } from '../errors.js';
import { HoldStops } from '../wallet/holds/hold-stops.js';

/**
 * How often the database is polled for stops while answers run: one small index read. Without running answers
 * there is no polling.
 */
const POLL_EVERY_MS = 250;

/** An answer that runs in this process. */
interface RunningAnswer {
  readonly ownerId: string;
  readonly turnId: string;
  stop(): void;
}

/**
 * The answers that run in this process. Callers here can stop them. While there are any, this class also
 * polls their holds for stops that another process recorded.
 */
@Injectable()
export class RunningAnswers implements OnModuleDestroy {
  private readonly logger = new Logger(RunningAnswers.name);
  private readonly byTurn = new Map<string, RunningAnswer>();
  /** Callbacks that wait for the end of an answer, by turn. */
  private readonly waiting = new Map<string, Set<() => void>>();
  private timer: NodeJS.Timeout | undefined;
  private polling: Promise<void> | undefined;

  constructor(private readonly stops: HoldStops) {}

  add(answer: RunningAnswer): void {
    this.byTurn.set(answer.turnId, answer);
    this.timer ??= setInterval(() => {
      this.polling ??= this.poll().finally(() => (this.polling = undefined));
    }, POLL_EVERY_MS).unref();
  }

  /** Removes an answer. Call it when the answer is settled, whether that succeeded or failed. */
  remove(turnId: string): void {
    this.byTurn.delete(turnId);
    for (const resolve of this.waiting.get(turnId) ?? []) resolve();
    this.waiting.delete(turnId);
    if (this.byTurn.size === 0) this.stopPolling();
  }

  /**
   * Resolves when the answer is settled. Returns undefined if no answer of that turn runs in this process. After the
   * signal is aborted the promise never resolves, and nothing is kept for it.
   */
  whenSettled(turnId: string, signal: AbortSignal): Promise<void> | undefined {
    if (!this.byTurn.has(turnId)) return undefined;
    return new Promise((resolve) => {
      const waiting = this.waiting.get(turnId) ?? new Set();
      this.waiting.set(turnId, waiting.add(resolve));
      const leave = () => {
        waiting.delete(resolve);
        if (waiting.size === 0) this.waiting.delete(turnId);
      };
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Stops an answer of this process. Returns false if the owner has no answer of that turn here. */
  stop(ownerId: string, turnId: string): boolean {
    const answer = this.byTurn.get(turnId);
    if (answer?.ownerId !== ownerId) return false;
    answer.stop();
    return true;
  }

  async onModuleDestroy(): Promise<void> {
    this.stopPolling();
    await this.polling;
  }

  private stopPolling(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async poll(): Promise<void> {
    try {
      for (const turnId of await this.stops.requestedStops()) this.byTurn.get(turnId)?.stop();
    } catch (error) {
      // An outage is logged once, elsewhere, for all parts of the service.
      if (error instanceof DatabaseUnavailable) return;
      this.logger.warn({ err: error }, 'the poll for stops failed; the next one tries again');
    }
  }
}
