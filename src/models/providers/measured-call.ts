import type { Attributes, Span } from '@opentelemetry/api';
import { ProviderError } from '../../errors.js';
import type { Metrics } from '../../metrics/metrics.js';
import { endFailed, isTracing, openSpan } from '../../tracing.js';
import type {
  CompletionEvent,
  CompletionRequest,
  EmbeddingRequest,
  Embeddings,
} from '../provider.js';

/** The metrics that count a provider's answers. */
export type AnswerCounts = Pick<Metrics, 'recordFirstWord' | 'recordProviderCall'>;

/**
 * A call of a provider that begins now. It is recorded for Prometheus, and in a span with the names of OpenTelemetry's
 * conventions for generative AI if an SDK is loaded.
 */
export abstract class MeasuredCall<T> {
  protected readonly span: Span | undefined;
  /** A call that ends without an answer, and without an error of its provider, was left. */
  protected outcome = 'left';
  private readonly askedAt = performance.now();

  constructor(
    protected readonly provider: string,
    protected readonly counts: AnswerCounts,
    operation: { readonly name: string; readonly model: string; readonly attributes?: Attributes },
  ) {
    const { name, model, attributes } = operation;
    if (!isTracing) return;
    this.span = openSpan(`${name} ${model}`, {
      'gen_ai.operation.name': name,
      'gen_ai.provider.name': provider,
      'gen_ai.request.model': model,
      ...attributes,
    });
  }

  protected get seconds(): number {
    return (performance.now() - this.askedAt) / 1000;
  }

  /** Notes what the provider has sent. */
  abstract see(output: T): void;

  /** Notes the error that will end the call. */
  fail(error: unknown): void {
    if (error instanceof ProviderError) this.outcome = error.code;
  }

  /** Records the end. */
  end(): void {
    const { outcome, span } = this;
    this.counts.recordProviderCall(this.provider, outcome, this.seconds);
    if (outcome === 'answered') span?.end();
    else if (span) endFailed(span, outcome);
  }
}

export class MeasuredCompletion extends MeasuredCall<readonly CompletionEvent[]> {
  private hasFirstWord = false;

  constructor(provider: string, { model, maxTokens }: CompletionRequest, counts: AnswerCounts) {
    const attributes = maxTokens === undefined ? {} : { 'gen_ai.request.max_tokens': maxTokens };
    super(provider, counts, { name: 'chat', model, attributes });
  }

  see(events: readonly CompletionEvent[]): void {
    if (!this.hasFirstWord && events[0]?.type === 'delta') {
      this.hasFirstWord = true;
      this.counts.recordFirstWord(this.provider, this.seconds);
    }
    const last = events.at(-1);
    if (last?.type !== 'done') return;
    this.outcome = 'answered';
    const { finishReason, usage } = last;
    this.span?.setAttribute('gen_ai.response.finish_reasons', [finishReason]);
    if (!usage) return;
    this.span?.setAttribute('gen_ai.usage.input_tokens', usage.promptTokens);
    this.span?.setAttribute('gen_ai.usage.output_tokens', usage.completionTokens);
  }
}

export class MeasuredEmbedding extends MeasuredCall<Embeddings> {
  constructor(provider: string, { model }: EmbeddingRequest, counts: AnswerCounts) {
    super(provider, counts, { name: 'embeddings', model });
  }

  see(): void {
    this.outcome = 'answered';
  }
}
