import { Logger } from '@nestjs/common';
import type { ProviderSettings } from '../../config/listed-provider.js';
import type { MaxTokensField } from '../../config/models-file.js';
import { INITIAL_STATE, end, step, type AnswerState } from './answer-machine.js';
import { Deadline } from './deadline.js';
import { otherDialect, type Dialect } from './dialect.js';
import { embed } from './embedding-call.js';
import { readEvents } from './event-reader.js';
import {
  failedError,
  isSuccess,
  refusalIn,
  reporterOf,
  toFailure,
  type Reporter,
} from './provider-call.js';
import {
  COMPLETIONS_ROUTE,
  type ProviderConnection,
  type ProviderResponse,
} from './provider-connection.js';
import type {
  CompletionDelta,
  CompletionEvent,
  CompletionProvider,
  CompletionRequest,
  EmbeddingProvider,
  EmbeddingRequest,
  Embeddings,
} from './provider.js';
import { errorOf } from './refusal.js';

const NOT_EVENTS_REASON = 'the provider answered with something else than events';
/**
 * The reason for aborting a call that has ended. Without a reason, each abort would create an error with a stack
 * trace.
 */
const CALL_ENDED = 'over';

/** Maximum size of one event. An event carries a few words or a call's arguments, so a larger one is invalid. */
const EVENT_MAX_CHARS = 1_048_576;

/**
 * Any server with OpenAI's chat completions. A request is sent once, because a provider may charge for a failed
 * call. If the server does not know one of our fields, the request is sent again at once in another dialect.
 */
export class OpenAiCompatibleProvider implements CompletionProvider, EmbeddingProvider {
  private readonly logger = new Logger(OpenAiCompatibleProvider.name);

  /**
   * `dialects` contains the dialects found so far, by the provider's name of the model. All keys and addresses of a
   * provider share it.
   */
  constructor(
    private readonly settings: Pick<ProviderSettings, 'name' | 'apiKey'>,
    private readonly connection: ProviderConnection,
    private readonly dialects = new Map<string, Dialect>(),
  ) {}

  get name(): string {
    return this.settings.name;
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  async *complete(request: CompletionRequest): AsyncIterable<readonly CompletionEvent[]> {
    const { signal, model } = request;
    signal.throwIfAborted();
    const reportOf = reporterOf(this.name, model);
    const callAbort = new AbortController();
    const stop = () => {
      callAbort.abort(signal.reason);
    };
    signal.addEventListener('abort', stop);
    let isConnected = false;
    try {
      await this.connection.take(callAbort.signal, request.onQueue);
      isConnected = true;
      const response = await this.open(request, callAbort.signal, reportOf);
      // Not with `yield*`, which waits several times for each value.
      for await (const events of this.read(response, request, callAbort, reportOf)) yield events;
    } catch (error) {
      signal.throwIfAborted();
      throw toFailure(error, reportOf);
    } finally {
      signal.removeEventListener('abort', stop);
      callAbort.abort(CALL_ENDED);
      if (isConnected) this.connection.release();
    }
  }

  embed(request: EmbeddingRequest): Promise<Embeddings> {
    return embed(this.settings, this.connection, request);
  }

  /** Yields the events of one answer, those that arrive together in one list, and then its end. */
  private async *read(
    response: ProviderResponse,
    { signal }: CompletionRequest,
    callAbort: AbortController,
    reportOf: Reporter,
  ): AsyncGenerator<readonly CompletionEvent[]> {
    const deadline = new Deadline(() => {
      callAbort.abort(CALL_ENDED);
    });
    let state: AnswerState = INITIAL_STATE;
    let isAnyEvent = false;
    try {
      for await (const events of readEvents(response.body, EVENT_MAX_CHARS)) {
        isAnyEvent = true;
        const deltas: CompletionDelta[] = [];
        for (const event of events) {
          const { state: next, delta } = step(state, event);
          state = next;
          if (delta) deltas.push(delta);
          if (state.phase === 'broken') break;
        }
        if (deltas.length > 0) {
          // While the caller takes the output, no time counts against the provider.
          deadline.setWait(undefined);
          yield deltas;
        }
        deadline.setWait(state.wait);
        if (state.phase === 'broken') break;
      }
      state = end(state, true);
    } catch (error) {
      signal.throwIfAborted();
      // A timeout here counts as an orderly end. A reset does not.
      state = end(state, callAbort.signal.aborted);
      if (state.phase === 'broken') throw error;
    } finally {
      deadline.clear();
    }
    signal.throwIfAborted();
    if (state.fault !== undefined)
      throw failedError(reportOf(isAnyEvent ? state.fault : NOT_EVENTS_REASON));
    yield [{ type: 'done', finishReason: state.finishReason ?? 'stop', usage: state.usage }];
  }

  /**
   * Sends the request, and sends it again in another dialect if a field is unknown. Throws unless the answer is a
   * stream of events.
   */
  private async open(
    request: CompletionRequest,
    signal: AbortSignal,
    reportOf: Reporter,
  ): Promise<ProviderResponse> {
    const { model, maxTokensField } = request;
    const first = this.dialects.get(model) ?? { maxTokensField, asksForUsage: true };
    let dialect = first;
    const asked = new Set<string>();
    for (;;) {
      asked.add(JSON.stringify(dialect));
      const response = await this.connection.ask(
        COMPLETIONS_ROUTE,
        bodyOf(request, dialect),
        signal,
      );
      if (isSuccess(response)) {
        if (isNotEvents(response)) {
          throw failedError(reportOf(NOT_EVENTS_REASON));
        }
        if (asked.size > 1) this.remember(model, dialect);
        return response;
      }
      const refusal = await refusalIn(response, signal);
      const { status, text } = refusal;
      const other = status === 400 || status === 422 ? otherDialect(text, dialect) : undefined;
      // A field that was changed once is not changed back.
      const isChangedBack = dialect !== first && other?.maxTokensField === first.maxTokensField;
      if (!other || isChangedBack || asked.has(JSON.stringify(other))) {
        const report = reportOf(`the provider answered ${String(status)}`);
        throw errorOf(refusal, this.settings.apiKey, report);
      }
      dialect = other;
    }
  }

  /**
   * Stores a dialect after it has worked. A refusal alone is no proof, because it may quote the caller's text. Several
   * first requests at the same time find the same, and it is logged once.
   */
  private remember(model: string, dialect: Dialect): void {
    const { maxTokensField, asksForUsage } = dialect;
    const known = this.dialects.get(model);
    if (known?.maxTokensField === maxTokensField && known.asksForUsage === asksForUsage) return;
    this.dialects.set(model, dialect);
    const usage = asksForUsage ? 'with' : 'without';
    this.logger.log(
      `${this.name} wants ${maxTokensField}, ${usage} stream_options, for its model ${model}: so it is asked from now on`,
    );
  }
}

/**
 * Checks for a content type that cannot be events, such as a page or a picture. Servers send events with many text
 * types.
 */
const isNotEvents = ({ headers }: ProviderResponse) =>
  /^(?:text\/html|image\/|audio\/|video\/)/i.test((headers['content-type'] ?? '').trim());

/** Fields that only this service sets, because they would change the price of an answer or its format. */
const OWN_FIELDS = new Set<string>([
  'n',
  'stream',
  'stream_options',
  'max_tokens' satisfies MaxTokensField,
  'max_completion_tokens' satisfies MaxTokensField,
]);

function bodyOf({ model, messages, maxTokens, extra }: CompletionRequest, dialect: Dialect) {
  const passedOn = Object.entries(extra).filter(([name]) => !OWN_FIELDS.has(name));
  return JSON.stringify({
    ...Object.fromEntries(passedOn),
    model,
    messages,
    stream: true,
    ...(dialect.asksForUsage && { stream_options: { include_usage: true } }),
    ...(maxTokens !== undefined && { [dialect.maxTokensField]: maxTokens }),
  });
}
