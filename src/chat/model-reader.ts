import { Logger } from '@nestjs/common';
import { ProviderFailed, type ProviderTimedOut } from '../errors.js';
import {
  CUT,
  isRefusal,
  maxChars,
  rejectionOf,
  reportIn,
  timeoutOf,
  type Attempt,
} from './attempt.js';
import { waitForFairShare } from './fair-share.js';
import { ModelWait } from './model-wait.js';
import {
  TIMED_OUT,
  type CompletionDelta,
  type CompletionDone,
  type CompletionEvent,
} from '../models/provider.js';
import { Produced } from './produced.js';

/** Receives a delta. If it returns a promise, the next delta is fetched only after that has resolved. */
export type OnDelta = (delta: CompletionDelta) => Promise<void> | undefined;

const logger = new Logger('Generation');

/** Reads an answer from the first of some models that gives one, and collects its output. */
export class ModelReader {
  /** The request that runs now, or that was answered. */
  attempt: Attempt;
  produced = new Produced();
  wait = new ModelWait();
  /** True while the caller takes what was produced, and the provider waits. */
  isWaitingForClient = false;
  private readonly first: Attempt;
  private askedAt = 0;
  /** Limits the time until the first word, if there is a fallback to ask. */
  private firstWordTimer: NodeJS.Timeout | undefined;

  /** `attempts` are the first request, and then its fallbacks. */
  constructor(
    private readonly attempts: readonly Attempt[],
    private readonly timeoutMs: number,
  ) {
    const [first] = attempts;
    if (!first) throw new Error('a generation needs at least one attempt');
    this.first = this.attempt = first;
  }

  get isFallbackAsked(): boolean {
    return this.attempt !== this.first;
  }

  /**
   * Asks one model after another until a first word comes. Each model except the last gets only a share of the time.
   * If the first model refuses the request itself, no other is asked. Throws the failure of the first model if none
   * answers.
   */
  async read(signal: AbortSignal, onDelta?: OnDelta): Promise<CompletionDone> {
    this.askedAt = performance.now();
    const { attempts, timeoutMs } = this;
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
        return await this.ask(signalOrLimit, onDelta);
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

  private async ask(signal: AbortSignal, onDelta?: OnDelta): Promise<CompletionDone> {
    const { onQueue } = (this.wait = new ModelWait());
    const endsAt = this.askedAt + this.timeoutMs;
    const request = { ...this.attempt.request, signal, onQueue, endsAt };
    const events = this.attempt.model.provider.complete(request)[Symbol.asyncIterator]();
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

  /** Forgets what was produced, because it is not passed on. */
  forgetOutput(): void {
    this.produced = new Produced();
  }

  /** Returns the error of the current attempt if the time is up. */
  timeoutError(): ProviderTimedOut {
    return timeoutOf(this.attempt, performance.now() - this.askedAt);
  }
}
