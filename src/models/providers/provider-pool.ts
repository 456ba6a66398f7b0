import { Logger } from '@nestjs/common';
import { ProviderBusy, ProviderFailed } from '../../errors.js';
import {
  MeasuredCompletion,
  MeasuredEmbedding,
  type AnswerCounts,
  type MeasuredCall,
} from './measured-call.js';
import { ProviderHealth, classifyFailure, type FailureClass } from './provider-health.js';
import { TIMED_OUT } from '../provider.js';
import type {
  CompletionEvent,
  CompletionProvider,
  CompletionRequest,
  EmbeddingProvider,
  EmbeddingRequest,
  Embeddings,
} from '../provider.js';

/** The fields that every request has. */
type PoolRequest = Pick<CompletionRequest, 'model' | 'ownerId' | 'signal'>;

/** What a request asks of each endpoint, and how that is measured. */
interface PoolCall<T> {
  readonly measure: () => MeasuredCall<T>;
  readonly ask: (endpoint: Endpoint) => AsyncIterable<T>;
}

/** One address of a provider with one key. */
export interface Endpoint {
  readonly baseUrl: string;
  /** Its name in the log. It never contains the key. */
  readonly label: string;
  readonly provider: CompletionProvider & EmbeddingProvider;
}

/**
 * One provider with several endpoints, used in rotation. If an endpoint refuses the key, limits it or does not
 * answer, the request is sent to the next endpoint, but only before any output. A request is never sent twice to
 * one endpoint. An endpoint that fails several times in a row in the same way gets no requests for this model for
 * a while. The calls are counted and traced here, because each generator around an answer waits again for each word.
 */
export class ProviderPool implements CompletionProvider, EmbeddingProvider {
  private readonly logger = new Logger(ProviderPool.name);
  private readonly health = new Map<string, ProviderHealth>();
  private nextStart = 0;

  constructor(
    readonly name: string,
    private readonly endpoints: readonly Endpoint[],
    private readonly restMs: number,
    private readonly counts: AnswerCounts,
  ) {}

  async close(): Promise<void> {
    await Promise.all(this.endpoints.map(async ({ provider }) => provider.close?.()));
  }

  complete(request: CompletionRequest): AsyncIterable<readonly CompletionEvent[]> {
    return this.askInRotation(request, {
      measure: () => new MeasuredCompletion(this.name, request, this.counts),
      ask: ({ provider }) => provider.complete(request),
    });
  }

  async embed(request: EmbeddingRequest): Promise<Embeddings> {
    const answers = this.askInRotation(request, {
      measure: () => new MeasuredEmbedding(this.name, request, this.counts),
      ask: async function* ({ provider }) {
        yield await provider.embed(request);
      },
    });
    for await (const answer of answers) return answer;
    throw new ProviderFailed();
  }

  private async *askInRotation<T>(
    request: PoolRequest,
    { measure, ask }: PoolCall<T>,
  ): AsyncGenerator<T> {
    const call = measure();
    let first: unknown;
    try {
      let candidates = this.candidatesFor(request);
      for (let endpoint = candidates.shift(); endpoint; endpoint = candidates.shift()) {
        let hasOutput = false;
        try {
          for await (const output of ask(endpoint)) {
            if (!hasOutput) this.recordSuccess(endpoint, request);
            hasOutput = true;
            call.see(output);
            yield output;
          }
          return;
        } catch (error) {
          if (hasOutput) throw error;
          const failure = this.recordFailure(endpoint, request, error);
          first ??= error;
          candidates = candidates.filter((other) => mayRetryAt(other, endpoint, failure));
        }
      }
      throw first;
    } catch (error) {
      call.fail(error);
      throw error;
    } finally {
      call.end();
    }
  }

  /** Returns the endpoints that do not rest, in rotation. Throws if all of them rest. */
  private candidatesFor(request: PoolRequest): Endpoint[] {
    const candidates = this.rotatedEndpoints().filter(
      (endpoint) => this.remainingRestMs(endpoint, request) === 0,
    );
    if (candidates.length === 0) throw this.allRestingError(request);
    return candidates;
  }

  /** Returns the endpoints in rotation: each call starts one endpoint later than the call before. */
  private rotatedEndpoints(): Endpoint[] {
    const { endpoints } = this;
    const start = this.nextStart;
    this.nextStart = (start + 1) % endpoints.length;
    return [...endpoints.slice(start), ...endpoints.slice(0, start)];
  }

  private healthOf({ label }: Endpoint, { model }: PoolRequest): ProviderHealth {
    const id = `${label} ${model}`;
    const known = this.health.get(id);
    if (known) return known;
    const health = new ProviderHealth(this.restMs);
    this.health.set(id, health);
    return health;
  }

  private remainingRestMs(endpoint: Endpoint, request: PoolRequest): number {
    return this.healthOf(endpoint, request).remainingRestMs(performance.now());
  }

  private allRestingError(request: PoolRequest): ProviderBusy {
    const rests = this.endpoints.map((endpoint) => this.remainingRestMs(endpoint, request));
    const seconds = Math.max(1, Math.ceil(Math.min(...rests) / 1000));
    const who = { provider: this.name, model: request.model, tookMs: 0 };
    return new ProviderBusy(seconds, { report: { ...who, reason: 'the provider rests' } });
  }

  /** Notes a failure before any output. Throws if the request was aborted, and returns the failure otherwise. */
  private recordFailure(endpoint: Endpoint, request: PoolRequest, error: unknown): FailureClass {
    const { signal, ownerId, model } = request;
    const failure = signal.aborted ? classifyAbort(signal) : classifyFailure(error);
    if (this.healthOf(endpoint, request).recordFailure(failure, ownerId, performance.now()))
      this.logger.warn(
        `${endpoint.label} fails again and again (${String(failure.kind)}) for its model ${model}: it rests for ${String(this.restMs / 1000)} s at a time`,
      );
    signal.throwIfAborted();
    return failure;
  }

  private recordSuccess(endpoint: Endpoint, request: PoolRequest): void {
    if (!this.healthOf(endpoint, request).recordSuccess()) return;
    this.logger.log(`${endpoint.label} answers again for its model ${request.model}`);
  }
}

/** Classifies an aborted call. A timeout is a failure. A caller that left is not. */
function classifyAbort({ reason }: AbortSignal): FailureClass {
  const kind = reason === TIMED_OUT ? 'no answer in time' : undefined;
  return { kind, isPersonal: true, retryWhere: 'nowhere' };
}

function mayRetryAt(other: Endpoint, failed: Endpoint, { retryWhere }: FailureClass): boolean {
  if (retryWhere === 'at another address') return other.baseUrl !== failed.baseUrl;
  return retryWhere === 'with another key';
}
