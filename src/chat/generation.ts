import { AnswerNotRead } from '../errors.js';
import { failureOf, type Attempt } from './attempt.js';
import type { Model } from '../models/model-catalogue.js';
import { ModelReader, type OnDelta } from './model-reader.js';
import { outcomeOf, type AnswerEnd, type Outcome } from './outcome.js';
import type { Ending } from '../models/pricing.js';
import { TIMED_OUT, type CompletionDone } from '../models/provider.js';
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

/** Why an answer was stopped: its caller left or stopped it, or its time was up. */
type Stop = 'not wanted' | typeof TIMED_OUT;
/** The reason for the abort after the end. Without a reason each abort creates an error with a stack trace. */
const ENDED = 'over';

/**
 * One paid answer, from the first word to the settled hold. Every end (the last word, a caller that leaves, a
 * provider failure, the time limit) is settled here, once, at the documented price.
 */
export class Generation {
  private readonly models: ModelReader;
  private readonly stopping = new AbortController();

  constructor(private readonly inputs: GenerationInputs) {
    this.models = new ModelReader(inputs.attempts, inputs.timeoutMs);
  }

  get turnId(): string {
    return this.inputs.turnId;
  }

  get conversationId(): string {
    return this.inputs.conversationId;
  }

  /** The model that is asked now, or that has answered. */
  get model(): Model {
    return this.models.attempt.model;
  }

  /** Whether the answer has fallbacks, and whether one of them is asked now. */
  get fallbacks(): { readonly exist: boolean; readonly isAsked: boolean } {
    return { exist: this.inputs.attempts.length > 1, isAsked: this.models.isFallbackAsked };
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
    const { stopping } = this;
    if (disconnectSignal.aborted || stopping.signal.aborted) return this.cancel('never asked');
    const leave = this.stop.bind(this);
    disconnectSignal.addEventListener('abort', leave);
    const timer = setTimeout(() => {
      stopping.abort(TIMED_OUT satisfies Stop);
    }, this.inputs.timeoutMs);
    let done: CompletionDone;
    try {
      done = await this.models.read(stopping.signal, onDelta);
    } catch (error) {
      const stop = stopping.signal.reason as Stop | undefined;
      return await this.settleUnfinished(stop, error, onDelta !== undefined);
    } finally {
      clearTimeout(timer);
      disconnectSignal.removeEventListener('abort', leave);
      // Tells a provider that still produces, for example more than `maxTokens`, to stop.
      stopping.abort(ENDED);
    }
    return this.settle('complete', 'complete', done);
  }

  private async settleUnfinished(
    stop: Stop | undefined,
    error: unknown,
    isPassedOn: boolean,
  ): Promise<Turn> {
    const { models } = this;
    const hasOutput = models.produced.size > 0;
    if (stop === 'not wanted') {
      const noOutputEnding = models.wait.isAsked ? 'gone before output' : 'never asked';
      return this.cancel(hasOutput ? 'gone mid-answer' : noOutputEnding);
    }
    if (stop === TIMED_OUT && models.isWaitingForClient) {
      await this.settle('aborted', 'gone mid-answer', undefined);
      throw new AnswerNotRead();
    }
    // The client has already read what was passed on. So it is charged, and the turn is marked as cut off.
    if (stop === TIMED_OUT && isPassedOn && hasOutput) {
      return this.settle('aborted', 'gone mid-answer', undefined);
    }
    // Keeps no output, because its caller could read it in the history without paying.
    if (stop === TIMED_OUT) models.forgetOutput();
    await this.settle('failed', 'failed', undefined);
    throw stop === TIMED_OUT ? models.timeoutError() : failureOf(error);
  }

  private cancel(ending: Ending): Promise<Turn> {
    return this.settle('aborted', ending, { finishReason: 'cancelled', usage: undefined });
  }

  private settle(status: TurnStatus, ending: Ending, done: AnswerEnd | undefined): Promise<Turn> {
    const { inputs } = this;
    const { attempt, produced, wait } = this.models;
    const unseenTokens = wait.unseenTokens(attempt.model.unseenThinkingPerSecond ?? 0);
    const ended = { status, ending, ...produced.all(), unseenTokens, done };
    return inputs.settle(outcomeOf({ ...attempt, held: inputs.held }, ended), attempt.model);
  }
}
