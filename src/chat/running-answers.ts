import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { DatabaseUnavailable } from '../errors.js';
import { HoldStops } from '../wallet/hold-stops.js';

/** One small read of an index while answers are under way, and none otherwise. */
const LOOK_EVERY_MS = 250;

/** An answer under way, by its turn. */
interface RunningAnswer {
  readonly ownerId: string;
  readonly turnId: string;
  stop(): void;
}

/**
 * The answers that this process works on. Each can be stopped from here, and by an owner who asked another
 * process: while there are any, the holds are looked at for that.
 */
@Injectable()
export class RunningAnswers implements OnModuleDestroy {
  private readonly logger = new Logger(RunningAnswers.name);
  private readonly byTurn = new Map<string, RunningAnswer>();
  /** Who waits for the end of which answer. */
  private readonly waiting = new Map<string, (() => void)[]>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(private readonly stops: HoldStops) {}

  add(answer: RunningAnswer): void {
    this.byTurn.set(answer.turnId, answer);
    this.timer ??= setInterval(() => {
      this.looking ??= this.look().finally(() => (this.looking = undefined));
    }, LOOK_EVERY_MS).unref();
  }

  /** Call it when the answer is settled, however that went. */
  remove(turnId: string): void {
    this.byTurn.delete(turnId);
    for (const tell of this.waiting.get(turnId) ?? []) tell();
    this.waiting.delete(turnId);
    if (this.byTurn.size === 0) this.rest();
  }

  /** Resolves when an answer of this process is settled; undefined where none of that turn runs here. */
  settled(turnId: string): Promise<void> | undefined {
    if (!this.byTurn.has(turnId)) return undefined;
    return new Promise((resolve) => {
      const waiting = this.waiting.get(turnId);
      if (waiting) waiting.push(resolve);
      else this.waiting.set(turnId, [resolve]);
    });
  }

  /** Stops an answer of this process; false where the owner has none of that turn here. */
  stop(ownerId: string, turnId: string): boolean {
    const answer = this.byTurn.get(turnId);
    if (answer?.ownerId !== ownerId) return false;
    answer.stop();
    return true;
  }

  async onModuleDestroy(): Promise<void> {
    this.rest();
    await this.looking;
  }

  private rest(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async look(): Promise<void> {
    try {
      for (const turnId of await this.stops.asked()) this.byTurn.get(turnId)?.stop();
    } catch (error) {
      // An outage is told once for all who meet it.
      if (error instanceof DatabaseUnavailable) return;
      this.logger.warn({ err: error }, 'stops are looked for again in a moment');
    }
  }
}
