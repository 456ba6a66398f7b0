import { AnswerNotRead, ProviderError, ProviderFailed, ProviderTimedOut } from '../errors.js';
import type { Model } from '../models/model-catalogue.js';
import { outcomeOf, type Outcome } from './outcome.js';
import type { Ending } from '../models/pricing.js';
import type {
  CompletionDelta,
  CompletionDone,
  CompletionRequest,
} from '../models/providers/provider.js';
import { ToolCalls } from '../models/tool-calls.js';
import type { Turn, TurnStatus } from '../conversations/turn.entity.js';

/** No model of today answers with more. */
const ANSWER_MAX_CHARS = 4_000_000;
/** A model token is 3 or 4 characters, long runs of spaces apart: this much is more than was asked for. */
const CHARS_PER_TOKEN_MAX = 16;
const ANSWER_SLACK_CHARS = 1000;

/** What a generation needs; `settle` resolves the hold and saves the turn. */
export interface GenerationParts {
  /** The turn that it will be saved as. */
  readonly turnId: string;
  readonly model: Model;
  readonly request: Omit<CompletionRequest, 'signal'>;
  /** The amount set aside. */
  readonly held: number;
  readonly timeoutMs: number;
  readonly settle: (outcome: Outcome) => Promise<Turn>;
}

/** Why an answer was stopped from our side. */
type Stop = 'caller gone' | 'time is up';

/**
 * One paid answer, from the first word to the settled hold. Whatever ends it (the last word, the caller
 * leaving, the provider failing, time) is settled here, once, at the stated price.
 */
export class Generation {
  private text = '';
  private reasoning = '';
  private readonly toolCalls = new ToolCalls();
  /** Set while the caller takes what was produced, and the provider waits. */
  private isWaitingForClient = false;
  /** Set while the question waits for a free connection: nobody has been asked yet. */
  private isQueued = false;
  private askedAt = 0;

  constructor(private readonly parts: GenerationParts) {}

  get turnId(): string {
    return this.parts.turnId;
  }

  get model(): Model {
    return this.parts.model;
  }

  /**
   * Asks the provider and passes each delta on; the next is fetched only when `onDelta` has resolved, so a
   * slow reader slows the provider. Aborting `disconnectSignal` cancels the provider's call and returns the turn
   * as far as it came, and so does the time limit once something was passed on. Without `onDelta` nothing is, until
   * the answer is whole. Throws a `ProviderError`, with nothing charged, and `AnswerNotRead` when it was the
   * caller who let time run out.
   */
  async run(
    disconnectSignal: AbortSignal,
    onDelta?: (delta: CompletionDelta) => Promise<void>,
  ): Promise<Turn> {
    this.askedAt = performance.now();
    if (disconnectSignal.aborted) return this.settle('aborted', 'never asked', undefined);
    const stopping = new AbortController();
    const leave = () => {
      stopping.abort('caller gone' satisfies Stop);
    };
    disconnectSignal.addEventListener('abort', leave);
    const timer = setTimeout(() => {
      stopping.abort('time is up' satisfies Stop);
    }, this.parts.timeoutMs);
    let done: CompletionDone;
    try {
      done = await this.read(stopping.signal, onDelta);
    } catch (error) {
      const stop = stopping.signal.reason as Stop | undefined;
      return await this.settleUnfinished(stop, error, onDelta !== undefined);
    } finally {
      clearTimeout(timer);
      disconnectSignal.removeEventListener('abort', leave);
      // Whoever still produces (more than was asked for, say) is told to stop.
      stopping.abort();
    }
    return this.settle('complete', 'complete', done);
  }

  private async read(
    signal: AbortSignal,
    onDelta?: (delta: CompletionDelta) => Promise<void>,
  ): Promise<CompletionDone> {
    const { model, request } = this.parts;
    const onQueue = (isWaiting: boolean) => {
      this.isQueued = isWaiting;
    };
    const answer = model.provider.complete({ ...request, signal, onQueue });
    const events = answer[Symbol.asyncIterator]();
    // A provider that does not heed the signal must not keep the hold: whichever comes first counts.
    const aborted = rejectionOf(signal);
    try {
      for (;;) {
        const next = await Promise.race([events.next(), aborted]);
        if (next.done) throw new ProviderFailed();
        if (next.value.type === 'done') return next.value;
        this.text += next.value.text;
        this.reasoning += next.value.reasoning ?? '';
        this.toolCalls.add(next.value.toolCalls ?? []);
        this.isWaitingForClient = true;
        await Promise.race([onDelta?.(next.value), aborted]);
        this.isWaitingForClient = false;
        if (this.produced >= this.producedMax) {
          return { type: 'done', finishReason: 'length', usage: undefined };
        }
      }
    } finally {
      // Not awaited: a generator that hangs would hang here too.
      void events.return?.().catch(() => undefined);
    }
  }

  /** In characters. */
  private get produced(): number {
    return this.text.length + this.reasoning.length + this.toolCalls.size;
  }

  /** A provider that does not heed `maxTokens`, or never ends, is cut off here. */
  private get producedMax(): number {
    const { maxTokens = Infinity } = this.parts.request;
    return Math.min(ANSWER_MAX_CHARS, ANSWER_SLACK_CHARS + maxTokens * CHARS_PER_TOKEN_MAX);
  }

  private async settleUnfinished(
    stop: Stop | undefined,
    error: unknown,
    isPassedOn: boolean,
  ): Promise<Turn> {
    const hasOutput = this.produced > 0;
    if (stop === 'caller gone') {
      const before = this.isQueued ? 'never asked' : 'gone before output';
      return this.settle('aborted', hasOutput ? 'gone mid-answer' : before, undefined);
    }
    if (stop === 'time is up' && this.isWaitingForClient) {
      await this.settle('aborted', 'gone mid-answer', undefined);
      throw new AnswerNotRead();
    }
    // What was passed on is there to be read: it is paid, and told as cut.
    if (stop === 'time is up' && isPassedOn && hasOutput) {
      return this.settle('aborted', 'gone mid-answer', undefined);
    }
    await this.settle('failed', 'failed', undefined);
    throw stop === 'time is up' ? this.timedOut() : failureOf(error);
  }

  private timedOut(): ProviderTimedOut {
    const { model, request } = this.parts;
    const tookMs = Math.round(performance.now() - this.askedAt);
    const who = { provider: model.provider.name, model: request.model };
    return new ProviderTimedOut({ report: { ...who, reason: 'the time was up', tookMs } });
  }

  private settle(
    status: TurnStatus,
    ending: Ending,
    done: CompletionDone | undefined,
  ): Promise<Turn> {
    const { text, reasoning, toolCalls } = this;
    const made = { status, ending, text, reasoning, toolCalls: toolCalls.list(), done };
    return this.parts.settle(outcomeOf(this.parts, made));
  }
}

function failureOf(error: unknown): ProviderError {
  return error instanceof ProviderError ? error : new ProviderFailed({ cause: error });
}

/** Rejects with the signal's reason once it is aborted; never resolves. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  const rejection = new Promise<never>((_, reject) => {
    const fail = () => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
  rejection.catch(() => undefined);
  return rejection;
}
