import type { Span } from '@opentelemetry/api';
import { ProviderError } from '../../errors.js';
import type { Metrics } from '../../metrics/metrics.js';
import { endFailed, isTracing, openSpan } from '../../tracing.js';
import type {
  CompletionEvent,
  CompletionProvider,
  CompletionRequest,
  EmbeddingProvider,
  EmbeddingRequest,
  Embeddings,
} from './provider.js';

/** The metrics that count a provider's answers. */
export type AnswerCounts = Pick<Metrics, 'recordFirstWord' | 'recordProviderCall'>;

/** A provider whose answers are counted, and traced if an SDK is loaded. */
export class MeasuredProvider implements CompletionProvider, EmbeddingProvider {
  constructor(
    private readonly provider: CompletionProvider & EmbeddingProvider,
    private readonly counts: AnswerCounts,
  ) {}

  get name(): string {
    return this.provider.name;
  }

  complete(request: CompletionRequest): AsyncIterable<readonly CompletionEvent[]> {
    return measured(this.provider.complete(request), this.name, request, this.counts);
  }

  /** Embeds, and counts and traces the call in the same way. */
  async embed(request: EmbeddingRequest): Promise<Embeddings> {
    const { model, signal } = request;
    const askedAt = performance.now();
    const named = {
      'gen_ai.operation.name': 'embeddings',
      'gen_ai.provider.name': this.name,
      'gen_ai.request.model': model,
    };
    const span = isTracing ? openSpan(`embeddings ${model}`, named) : undefined;
    let outcome = 'answered';
    try {
      return await this.provider.embed(request);
    } catch (error) {
      outcome = signal.aborted || !(error instanceof ProviderError) ? 'left' : error.code;
      throw error;
    } finally {
      this.counts.recordProviderCall(this.name, outcome, (performance.now() - askedAt) / 1000);
      if (outcome === 'answered') span?.end();
      else if (span) endFailed(span, outcome);
    }
  }

  async close(): Promise<void> {
    await this.provider.close?.();
  }
}

/**
 * Passes on a provider's answer as it arrives, and records the time of its first word and its end. These go to
 * Prometheus, and to a span with the names of OpenTelemetry's conventions for generative AI.
 */
async function* measured(
  answer: AsyncIterable<readonly CompletionEvent[]>,
  provider: string,
  request: CompletionRequest,
  counts: AnswerCounts,
): AsyncGenerator<readonly CompletionEvent[]> {
  const askedAt = performance.now();
  const seconds = () => (performance.now() - askedAt) / 1000;
  const span = isTracing
    ? openSpan(`chat ${request.model}`, attributesOf(provider, request))
    : undefined;
  let outcome = 'left';
  let isFirstWordMissing = true;
  try {
    for await (const events of answer) {
      if (isFirstWordMissing && events[0]?.type === 'delta') {
        isFirstWordMissing = false;
        counts.recordFirstWord(provider, seconds());
      }
      const last = events.at(-1);
      if (last?.type === 'done') {
        outcome = 'answered';
        if (span) recordEnd(span, last);
      }
      yield events;
    }
  } catch (error) {
    if (error instanceof ProviderError) outcome = error.code;
    throw error;
  } finally {
    counts.recordProviderCall(provider, outcome, seconds());
    if (span && outcome !== 'answered') endFailed(span, outcome);
  }
}

const attributesOf = (provider: string, { model, maxTokens }: CompletionRequest) => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': provider,
  'gen_ai.request.model': model,
  ...(maxTokens !== undefined && { 'gen_ai.request.max_tokens': maxTokens }),
});

function recordEnd(
  span: Span,
  { finishReason, usage }: Extract<CompletionEvent, { type: 'done' }>,
) {
  span.setAttribute('gen_ai.response.finish_reasons', [finishReason]);
  if (usage) {
    span.setAttribute('gen_ai.usage.input_tokens', usage.promptTokens);
    span.setAttribute('gen_ai.usage.output_tokens', usage.completionTokens);
  }
  span.end();
}
