import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ModelCatalogue } from '../../src/models/model-catalogue.js';
import type {
  CompletionEvent,
  CompletionProvider,
  CompletionRequest,
  InstantRequest,
} from '../../src/models/provider.js';
import { releaseAfterEach } from './releasable.js';

type Complete = CompletionProvider['complete'];

/**
 * Wraps the app's default provider: counts its calls, and can delay or fail them. After each test its settings are
 * reset, and calls that still wait fail.
 */
export class ProviderProbe {
  calls = 0;
  /** The request of the last call. */
  lastRequest: (InstantRequest & { signal?: AbortSignal }) | undefined;
  /** What the spec's own functions have thrown in this test. */
  private thrown: unknown[] = [];
  private readonly provider: CompletionProvider;
  private readonly original: Complete;
  private readonly originalAnswer: CompletionProvider['answer'];
  private rejectReleased: () => void = () => undefined;
  private untilReleased = this.nextRelease();
  private restore: () => void = () => undefined;

  constructor(app: NestFastifyApplication) {
    const [model] = app.get(ModelCatalogue).all();
    if (!model) throw new Error('no model is served');
    this.provider = model.provider;
    this.original = this.provider.complete.bind(this.provider);
    this.originalAnswer = this.provider.answer?.bind(this.provider);
    this.delayWith(undefined);
    releaseAfterEach(this);
  }

  remember(): void {
    const { provider } = this;
    const set = { ...provider };
    this.thrown = [];
    this.restore = () => {
      Object.assign(provider, set);
    };
  }

  faults(): unknown[] {
    return this.thrown;
  }

  release(): void {
    this.rejectReleased();
    this.untilReleased = this.nextRelease();
    this.restore();
  }

  /** Rejects at the end of the test that made the provider wait. */
  private nextRelease(): Promise<never> {
    const untilReleased = new Promise<never>((_, reject) => {
      this.rejectReleased = () => {
        reject(new Error('the test is over'));
      };
    });
    untilReleased.catch(() => undefined);
    return untilReleased;
  }

  /** Makes each later call wait for `before`, which may reject, and then answer. */
  delayWith(before: (() => Promise<void>) | undefined): void {
    this.provider.complete = (request) => this.during(before, request);
    this.provider.answer = before ? undefined : this.counting(this.originalAnswer);
  }

  /**
   * Makes each later call answer with these events, and with `rest` when it resolves. Without a `done` the call
   * then hangs.
   */
  answer(events: readonly CompletionEvent[], rest?: Promise<readonly CompletionEvent[]>): void {
    this.provider.answer = undefined;
    this.provider.complete = (request) => this.replay(events, rest, request);
  }

  /** Makes each later call answer with the events that this function yields. The last one must be `done`. */
  stream(events: () => AsyncIterable<CompletionEvent>): void {
    this.provider.answer = undefined;
    this.provider.complete = (request) => {
      this.calls += 1;
      this.lastRequest = request;
      return alone(events());
    };
  }

  private counting(answer: CompletionProvider['answer']): CompletionProvider['answer'] {
    return (
      answer &&
      ((request) => {
        this.calls += 1;
        this.lastRequest = request;
        return answer(request);
      })
    );
  }

  private async *replay(
    events: readonly CompletionEvent[],
    rest: Promise<readonly CompletionEvent[]> | undefined,
    request: CompletionRequest,
  ): AsyncIterable<readonly CompletionEvent[]> {
    this.calls += 1;
    this.lastRequest = request;
    if (events.length > 0) yield events;
    if (rest) yield await Promise.race([rest, this.untilReleased]);
    else if (events.at(-1)?.type !== 'done') await this.untilReleased;
  }

  /** The service answers an error of the provider with 502, so a failed test also shows what was thrown. */
  private async noting(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.thrown.push(error);
      throw error;
    }
  }

  private async *during(
    before: (() => Promise<void>) | undefined,
    request: Parameters<Complete>[0],
  ): AsyncIterable<readonly CompletionEvent[]> {
    this.calls += 1;
    this.lastRequest = request;
    if (before) await Promise.race([this.noting(before), this.untilReleased]);
    yield* this.original(request);
  }
}

/** Passes on each event in a list of its own. */
async function* alone(
  events: AsyncIterable<CompletionEvent>,
): AsyncIterable<readonly CompletionEvent[]> {
  for await (const event of events) yield [event];
}
