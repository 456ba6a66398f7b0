import { Logger } from '@nestjs/common';
import { AnswerNotRead, ProviderFailed, type ProviderTimedOut } from '../errors.js';
import {
  CUT,
  failureOf,
  isRefusal,
  maxChars,
  rejectionOf,
  reportIn,
  timeoutOf,
  type Attempt,
} from './attempt.js';
import { waitForFairShare } from './fair-share.js';
import type { Model } from '../models/model-catalogue.js';
import { outcomeOf, type AnswerEnd, type Outcome } from './outcome.js';
import type { Ending } from '../models/pricing.js';
import {
  TIMED_OUT,
  type CompletionDelta,
  type CompletionDone,
  type CompletionEvent,
} from '../models/providers/provider.js';
import { ModelWait } from './model-wait.js';
import { Produced } from './produced.js';
import type { Turn, TurnStatus } from '../conversations/turn.entity.js';

/** The inputs of a generation. `settle` resolves the hold and saves the turn. */
export interface GenerationInputs {
  /** The turn that the answer will be saved as, and its conversation. */
  readonly turnId: string;
  readonly conversationId: string;
  /** The first request, and then its fallbacks. */
  readonly attempts: readonly Attempt[];
  /** The amount held, in whole tokens. */
  readonly held: number;
  readonly timeoutMs: number;
  readonly settle: (outcome: Outcome, model: Model) => Promise<Turn>;
}

/** Receives a delta. If it returns a promise, the next delta is fetched only after that has resolved. */
type OnDelta = (delta: CompletionDelta) => Promise<void> | undefined;

const logger = new Logger('Generation');

/** Why an answer was stopped: its caller left or stopped it, or its time was up. */
type Stop = 'not wanted' | typeof TIMED_OUT;
/** The reason for the abort after the end. Without a reason each abort creates an error with a stack trace. */
const ENDED = 'over';

/**
 * One paid answer, from the first word to the settled hold. Every end (the last word, a caller that leaves, a
 * provider failure, the time limit) is settled here, once, at the documented price.
 */
export class Generation {
  private produced = new Produced();
  private wait = new ModelWait();
  /** True while the caller takes what was produced, and the provider waits. */
  private isWaitingForClient = false;
  private askedAt = 0;
  /** The request that runs now, or that was answered. */
  private attempt: Attempt;
  /** Limits the time until the first word, if there is a fallback to ask. */
  private firstWordTimer: NodeJS.Timeout | undefined;
  private readonly stopping = new AbortController();

  constructor(private readonly inputs: GenerationInputs) {
    this.attempt = this.first;
  }

  private get first(): Attempt {
    const [first] = this.inputs.attempts;
    if (!first) throw new Error('a generation needs at least one attempt');
    return first;
  }

  get turnId(): string {
    return this.inputs.turnId;
  }

  get conversationId(): string {
    return this.inputs.conversationId;
  }

  /** The model that is asked now, or that has answered. */
  get model(): Model {
    return this.attempt.model;
  }

  /** Whether the answer has fallbacks, and whether one of them is asked now. */
  get fallbacks(): { readonly exist: boolean; readonly isAsked: boolean } {
    return { exist: this.inputs.attempts.length > 1, isAsked: this.attempt !== this.first };
  }

  /** Stops the answer as if its caller had left. Has no effect on an answer that has ended. */
  stop(): void {
    this.stopping.abort('not wanted' satisfies Stop);
  }

  /**
   * Asks the provider and passes each delta to `onDelta`. Fetches the next delta only when `onDelta` has resolved, so
   * a slow reader slows the provider. `stop`, or aborting `disconnectSignal`, cancels the call and returns the turn
   * with the output so far. The time limit does the same, but only if a delta was passed to `onDelta`. Throws a
   * `ProviderError`, and charges nothing, if no model answers, and `AnswerNotRead` if the caller read too slowly.
   */
  async run(disconnectSignal: AbortSignal, onDelta?: OnDelta): Promise<Turn> {
    this.askedAt = performance.now();
    const { stopping } = this;
    if (disconnectSignal.aborted || stopping.signal.aborted) return this.cancel('never asked');
    const leave = this.stop.bind(this);
    disconnectSignal.addEventListener('abort', leave);
    const timer = setTimeout(() => {
      stopping.abort(TIMED_OUT satisfies Stop);
    }, this.inputs.timeoutMs);
    let done: CompletionDone;
    try {
      done = await this.readWithFallbacks(stopping.signal, onDelta);
    } catch (error) {
      const stop = stopping.signal.reason as Stop | undefined;
      return await this.settleUnfinished(stop, error, onDelta !== undefined);
    } finally {
      clearTimeout(timer);
      clearTimeout(this.firstWordTimer);
      disconnectSignal.removeEventListener('abort', leave);
      // Tells a provider that still produces, for example more than `maxTokens`, to stop.
      stopping.abort(ENDED);
    }
    return this.settle('complete', 'complete', done);
  }

  /**
   * Asks one model after another until a first word comes. Each model except the last gets only a share of the time.
   * If the first model refuses the request itself, no other is asked. Throws the failure of the first model if none
   * answers.
   */
  private async readWithFallbacks(signal: AbortSignal, onDelta?: OnDelta): Promise<CompletionDone> {
    const { attempts, timeoutMs } = this.inputs;
    let failure: unknown;
    for (const [n, attempt] of attempts.entries()) {
      this.attempt = attempt;
      const remaining = attempts.length - n - 1;
      const limit = remaining > 0 ? new AbortController() : undefined;
      const leftMs = timeoutMs - (performance.now() - this.askedAt);
      const giveUp = limit?.abort.bind(limit, TIMED_OUT);
      if (giveUp) this.firstWordTimer = setTimeout(giveUp, leftMs / (remaining + 1));
      try {
        const signalOrLimit = limit ? AbortSignal.any([signal, limit.signal]) : signal;
        return await this.read(signalOrLimit, onDelta);
      } catch (error) {
        if (signal.aborted || this.produced.isAny || (n === 0 && isRefusal(error))) throw error;
        const reason = limit?.signal.aborted ? this.timeoutError() : error;
        failure ??= reason;
        if (remaining > 0)
          logger.warn(
            { upstream: reportIn(reason) },
            `${attempt.model.id} failed: ${attempts[n + 1]?.model.id ?? ''} is asked instead`,
          );
      } finally {
        clearTimeout(this.firstWordTimer);
      }
    }
    this.attempt = this.first;
    throw failure;
  }

  private async read(signal: AbortSignal, onDelta?: OnDelta): Promise<CompletionDone> {
    const { onQueue } = (this.wait = new ModelWait());
    const endsAt = this.askedAt + this.inputs.timeoutMs;
    const request = { ...this.attempt.request, signal, onQueue, endsAt };
    const events = this.model.provider.complete(request)[Symbol.asyncIterator]();
    try {
      // A provider that ignores the signal must not keep the hold open, so the signal ends the wait too.
      return await Promise.race([this.readAll(events, signal, onDelta), rejectionOf(signal)]);
    } finally {
      // Not awaited, because a generator that hangs would block here too.
      void events.return?.().catch(() => undefined);
    }
  }

  /** Takes nothing more once the signal is aborted, because what was produced by then is being settled. */
  private async readAll(
    events: AsyncIterator<readonly CompletionEvent[]>,
    signal: AbortSignal,
    onDelta?: OnDelta,
  ): Promise<CompletionDone> {
    for (;;) {
      // Also before the first delta, because a model in this process does much of its work before it.
      for (let share = waitForFairShare(); share; share = waitForFairShare()) await share;
      signal.throwIfAborted();
      this.wait.begin();
      const next = await events.next();
      signal.throwIfAborted();
      this.wait.end();
      if (next.done) throw new ProviderFailed();
      clearTimeout(this.firstWordTimer);
      for (const event of next.value) {
        if (event.type === 'done') return event;
        if (!this.produced.add(event)) return CUT;
        const whenRead = onDelta?.(event);
        if (whenRead) await this.waitForClient(whenRead, signal);
        if (this.produced.size >= maxChars(this.attempt)) return CUT;
      }
    }
  }

  private async waitForClient(whenRead: Promise<void>, signal: AbortSignal): Promise<void> {
    this.isWaitingForClient = true;
    await whenRead;
    signal.throwIfAborted();
    this.isWaitingForClient = false;
  }

  private async settleUnfinished(
    stop: Stop | undefined,
    error: unknown,
    isPassedOn: boolean,
  ): Promise<Turn> {
    const hasOutput = this.produced.size > 0;
    if (stop === 'not wanted') {
      const noOutputEnding = this.wait.isAsked ? 'gone before output' : 'never asked';
      return this.cancel(hasOutput ? 'gone mid-answer' : noOutputEnding);
    }
    if (stop === TIMED_OUT && this.isWaitingForClient) {
      await this.settle('aborted', 'gone mid-answer', undefined);
      throw new AnswerNotRead();
    }
    // The client has already read what was passed on. So it is charged, and the turn is marked as cut off.
    if (stop === TIMED_OUT && isPassedOn && hasOutput) {
      return this.settle('aborted', 'gone mid-answer', undefined);
    }
    // Keeps no output, because its caller could read it in the history without paying.
    if (stop === TIMED_OUT) this.produced = new Produced();
    await this.settle('failed', 'failed', undefined);
    throw stop === TIMED_OUT ? this.timeoutError() : failureOf(error);
  }

  private timeoutError(): ProviderTimedOut {
    return timeoutOf(this.attempt, performance.now() - this.askedAt);
  }

  private cancel(ending: Ending): Promise<Turn> {
    return this.settle('aborted', ending, { finishReason: 'cancelled', usage: undefined });
  }

  private settle(status: TurnStatus, ending: Ending, done: AnswerEnd | undefined): Promise<Turn> {
    const { attempt, inputs } = this;
    const unseenTokens = this.wait.unseenTokens(attempt.model.unseenThinkingPerSecond ?? 0);
    const produced = { status, ending, ...this.produced.all(), unseenTokens, done };
    return inputs.settle(outcomeOf({ ...attempt, held: inputs.held }, produced), attempt.model);
  }
}
