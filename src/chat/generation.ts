import { ProviderFailed, ProviderTimedOut, type AppError } from '../errors.js';
import type { Model } from './models.js';
import { countUsage, cost, estimatePrompt, estimateTokens, type Ending } from './pricing.js';
import type {
  CompletionDelta,
  CompletionDone,
  CompletionRequest,
  FinishReason,
  ToolCallDelta,
} from './providers/provider.js';
import type { Turn, TurnStatus } from './turn.entity.js';

/** A provider that never ends is cut off here; no model of today answers with more. */
const ANSWER_MAX_CHARS = 4_000_000;

/** What came of an answer, with its price: what is settled and saved, in one transaction. */
export interface Outcome {
  readonly status: TurnStatus;
  readonly response: string;
  readonly toolCalls: readonly ToolCallDelta[];
  readonly finishReason: FinishReason;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** In whole tokens of the wallet, at most the hold. */
  readonly amount: number;
}

/** What a generation needs; `settle` resolves the hold and saves the turn. */
export interface GenerationParts {
  readonly model: Model;
  readonly request: Omit<CompletionRequest, 'signal'>;
  /** The amount set aside. */
  readonly held: number;
  readonly timeoutMs: number;
  readonly settle: (outcome: Outcome) => Promise<Turn>;
}

/**
 * One paid answer, from the first word to the settled hold. Whatever ends it (the last word, the caller
 * leaving, the provider failing, time) is settled here, once, at the stated price.
 */
export class Generation {
  private text = '';
  private readonly toolCalls: ToolCallDelta[] = [];
  private hasOutput = false;

  constructor(private readonly parts: GenerationParts) {}

  get model(): Model {
    return this.parts.model;
  }

  /**
   * Asks the provider and passes each delta on; the next is fetched only when `onDelta` has resolved, so a
   * slow reader slows the provider. Aborting `callerGone` cancels the provider's call and returns the turn
   * as far as it came. Throws `ProviderFailed` or `ProviderTimedOut`, with nothing charged.
   */
  async run(
    callerGone: AbortSignal,
    onDelta: (delta: CompletionDelta) => Promise<void>,
  ): Promise<Turn> {
    const timeUp = AbortSignal.timeout(this.parts.timeoutMs);
    let done: CompletionDone;
    try {
      done = await this.read(AbortSignal.any([callerGone, timeUp]), onDelta);
    } catch (error) {
      if (callerGone.aborted) {
        const ending = this.hasOutput ? 'gone mid-answer' : 'gone before output';
        return this.settle('aborted', ending, undefined);
      }
      await this.settle('failed', 'failed', undefined);
      throw timeUp.aborted ? new ProviderTimedOut() : failureOf(error);
    }
    return this.settle('complete', 'complete', done);
  }

  private async read(
    signal: AbortSignal,
    onDelta: (delta: CompletionDelta) => Promise<void>,
  ): Promise<CompletionDone> {
    const { model, request } = this.parts;
    const events = model.provider.complete({ ...request, signal })[Symbol.asyncIterator]();
    // A provider that does not heed the signal must not keep the hold: whichever comes first counts.
    const aborted = rejectionOf(signal);
    try {
      for (;;) {
        const next = await Promise.race([events.next(), aborted]);
        if (next.done) throw new ProviderFailed();
        if (next.value.type === 'done') return next.value;
        this.take(next.value);
        await Promise.race([onDelta(next.value), aborted]);
      }
    } finally {
      // Not awaited: a generator that hangs would hang here too.
      void events.return?.().catch(() => undefined);
    }
  }

  private take({ text, toolCalls = [] }: CompletionDelta): void {
    this.text += text;
    this.toolCalls.push(...toolCalls);
    this.hasOutput ||= text !== '' || toolCalls.length > 0;
    if (this.text.length > ANSWER_MAX_CHARS) throw new ProviderFailed();
  }

  private settle(
    status: TurnStatus,
    ending: Ending,
    done: CompletionDone | undefined,
  ): Promise<Turn> {
    const { model, request, held, settle } = this.parts;
    const estimated = {
      promptTokens: estimatePrompt(request.messages),
      completionTokens: estimateTokens(this.text + JSON.stringify(this.toolCalls).slice(1, -1)),
    };
    const usage = countUsage(done?.usage, estimated);
    return settle({
      ...usage,
      status,
      response: this.text,
      toolCalls: this.toolCalls,
      finishReason: done?.finishReason ?? 'stop',
      amount: cost(model.price, ending, usage, held),
    });
  }
}

function failureOf(error: unknown): AppError {
  return error instanceof ProviderFailed ? error : new ProviderFailed({ cause: error });
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
