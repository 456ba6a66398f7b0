import { Logger } from '@nestjs/common';
import { ProviderBusy, ProviderFailed } from '../../errors.js';
import { ProviderHealth, classifyFailure, type FailureClass } from './provider-health.js';
import { TIMED_OUT } from './provider.js';
import type {
  CompletionEvent,
  CompletionProvider,
  CompletionRequest,
  EmbeddingProvider,
  EmbeddingRequest,
  Embeddings,
} from './provider.js';

/** The fields that every request has. */
type PoolRequest = Pick<CompletionRequest, 'model' | 'ownerId' | 'signal'>;

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
 * a while.
 */
export class ProviderPool implements CompletionProvider, EmbeddingProvider {
  private readonly logger = new Logger(ProviderPool.name);
  private readonly health = new Map<string, ProviderHealth>();
  private nextStart = 0;

  constructor(
    readonly name: string,
    private readonly endpoints: readonly Endpoint[],
    private readonly restMs: number,
  ) {}

  async close(): Promise<void> {
    await Promise.all(this.endpoints.map(async ({ provider }) => provider.close?.()));
  }

  complete(request: CompletionRequest): AsyncIterable<readonly CompletionEvent[]> {
    return this.askInRotation(request, ({ provider }) => provider.complete(request));
  }

  async embed(request: EmbeddingRequest): Promise<Embeddings> {
    const answers = this.askInRotation(request, async function* ({ provider }) {
      yield await provider.embed(request);
    });
    for await (const answer of answers) return answer;
    throw new ProviderFailed();
  }

  private async *askInRotation<T>(
    request: PoolRequest,
    ask: (endpoint: Endpoint) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    let candidates = this.rotatedEndpoints().filter(
      (endpoint) => this.remainingRestMs(endpoint, request) === 0,
    );
    if (candidates.length === 0) throw this.allRestingError(request);
    let first: unknown;
    for (let endpoint = candidates.shift(); endpoint; endpoint = candidates.shift()) {
      let hasOutput = false;
      try {
        for await (const event of ask(endpoint)) {
          if (!hasOutput) this.recordSuccess(endpoint, request);
          hasOutput = true;
          yield event;
        }
        return;
      } catch (error) {
        if (hasOutput) throw error;
        const failure = request.signal.aborted
          ? classifyAbort(request.signal)
          : classifyFailure(error);
        this.recordFailure(endpoint, request, failure);
        request.signal.throwIfAborted();
        first ??= error;
        candidates = candidates.filter((other) => mayRetryAt(other, endpoint, failure));
      }
    }
    throw first;
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

  private recordFailure(endpoint: Endpoint, request: PoolRequest, failure: FailureClass): void {
    const health = this.healthOf(endpoint, request);
    if (!health.recordFailure(failure, request.ownerId, performance.now())) return;
    this.logger.warn(
      `${endpoint.label} fails again and again (${String(failure.kind)}) for its model ${request.model}: it rests for ${String(this.restMs / 1000)} s at a time`,
    );
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
