import { Logger } from '@nestjs/common';
import { ProviderBusy, ProviderFailed } from '../../errors.js';
import { ProviderHealth, failingOf, type Failing } from './provider-health.js';
import { TIME_IS_UP } from './provider.js';
import type {
  CompletionEvent,
  CompletionProvider,
  CompletionRequest,
  EmbeddingProvider,
  EmbeddingRequest,
  Embeddings,
} from './provider.js';

/** The fields that every request has. */
type Asked = Pick<CompletionRequest, 'model' | 'signal'>;

/** One address of a provider with one key. */
export interface Place {
  readonly baseUrl: string;
  /** Its name in the log. It never contains the key. */
  readonly label: string;
  readonly provider: CompletionProvider & EmbeddingProvider;
}

/**
 * One provider with several keys or addresses, used in turn. If a key is refused or limited, or an address does not
 * answer, the request is sent to the next place, but only before output has come. It is never sent twice to the
 * same address with the same key. A model at a place that fails the same way several times in a row is not asked
 * for a time.
 */
export class ProviderPool implements CompletionProvider, EmbeddingProvider {
  private readonly logger = new Logger(ProviderPool.name);
  private readonly health = new Map<string, ProviderHealth>();
  private turn = 0;

  constructor(
    readonly name: string,
    private readonly places: readonly Place[],
    private readonly restMs: number,
  ) {}

  async close(): Promise<void> {
    await Promise.all(this.places.map(async ({ provider }) => provider.close?.()));
  }

  complete(request: CompletionRequest): AsyncIterable<CompletionEvent> {
    return this.anywhere(request, ({ provider }) => provider.complete(request));
  }

  async embed(request: EmbeddingRequest): Promise<Embeddings> {
    const answers = this.anywhere(request, async function* ({ provider }) {
      yield await provider.embed(request);
    });
    for await (const answer of answers) return answer;
    throw new ProviderFailed();
  }

  private async *anywhere<T>(
    request: Asked,
    ask: (place: Place) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    let left = this.inTurn().filter((place) => this.restOf(place, request) === 0);
    if (left.length === 0) throw this.allRest(request);
    let first: unknown;
    for (let place = left.shift(); place; place = left.shift()) {
      let isHeard = false;
      try {
        for await (const event of ask(place)) {
          if (!isHeard) this.noteAnswer(place, request);
          isHeard = true;
          yield event;
        }
        return;
      } catch (error) {
        if (isHeard) throw error;
        const failing = request.signal.aborted ? silence(request.signal) : failingOf(error);
        this.note(place, request, failing);
        request.signal.throwIfAborted();
        first ??= error;
        left = left.filter((other) => mayServe(other, place, failing));
      }
    }
    throw first;
  }

  /** Returns the places in turn: each call starts one place later than the last. */
  private inTurn(): Place[] {
    const { places } = this;
    const start = this.turn;
    this.turn = (start + 1) % places.length;
    return [...places.slice(start), ...places.slice(0, start)];
  }

  private healthOf({ label }: Place, { model }: Asked): ProviderHealth {
    const id = `${label} ${model}`;
    const known = this.health.get(id);
    if (known) return known;
    const health = new ProviderHealth(this.restMs);
    this.health.set(id, health);
    return health;
  }

  private restOf(place: Place, request: Asked): number {
    return this.healthOf(place, request).restOf(performance.now());
  }

  private allRest(request: Asked): ProviderBusy {
    const rests = this.places.map((place) => this.restOf(place, request));
    const seconds = Math.max(1, Math.ceil(Math.min(...rests) / 1000));
    const who = { provider: this.name, model: request.model, tookMs: 0 };
    return new ProviderBusy(seconds, { report: { ...who, reason: 'the provider rests' } });
  }

  private note(place: Place, request: Asked, { kind }: Failing): void {
    if (kind === undefined) return;
    if (!this.healthOf(place, request).fail(kind, performance.now())) return;
    this.logger.warn(
      `${place.label} fails again and again (${kind}) for its model ${request.model}: it rests for ${String(this.restMs / 1000)} s at a time`,
    );
  }

  private noteAnswer(place: Place, request: Asked): void {
    if (!this.healthOf(place, request).succeed()) return;
    this.logger.log(`${place.label} answers again for its model ${request.model}`);
  }
}

/** Classifies an aborted call. A timeout is a failure. A caller that left is not. */
function silence({ reason }: AbortSignal): Failing {
  return { kind: reason === TIME_IS_UP ? 'no answer in time' : undefined, elsewhere: 'nowhere' };
}

function mayServe(other: Place, failed: Place, { elsewhere }: Failing): boolean {
  if (elsewhere === 'at another address') return other.baseUrl !== failed.baseUrl;
  return elsewhere === 'with another key';
}
