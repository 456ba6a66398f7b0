import { Logger } from '@nestjs/common';
import type { ProviderSettings } from '../../config/listed-provider.js';
import type { MaxTokensField } from '../../config/models-file.js';
import { ownIteration } from '../../fair-iterations.js';
import { AnswerReader, NOT_EVENTS_REASON } from '../answers/answer-reader.js';
import { otherDialect, type Dialect } from './dialect.js';
import { embed } from './embedding-call.js';
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
  CompletionEvent,
  CompletionProvider,
  CompletionRequest,
  EmbeddingProvider,
  EmbeddingRequest,
  Embeddings,
} from '../provider.js';
import { errorOf } from './refusal.js';

/**
 * After this much of an answer, other requests get their turn. A provider that sends as fast as it can would otherwise
 * keep the event loop for seconds, because megabytes may wait in the socket. Most answers are shorter.
 */
const TURN_MAX_BYTES = 65_536;

/**
 * The reason for aborting a call that has ended. Without a reason, each abort would create an error with a stack
 * trace.
 */
const CALL_ENDED = 'over';

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
    const answer = new AnswerReader(() => {
      callAbort.abort(CALL_ENDED);
    }, request.endsAt);
    let isConnected = false;
    try {
      await this.connection.take(callAbort.signal, request.onQueue);
      isConnected = true;
      const { body } = await this.open(request, callAbort.signal, reportOf);
      try {
        // All in one generator, because each generator waits several times for each word.
        let bytesInTurn = 0;
        for await (const bytes of body as AsyncIterable<Uint8Array>) {
          for (const deltas of answer.read(bytes)) yield deltas;
          if (answer.isBroken) break;
          bytesInTurn += bytes.length;
          if (bytesInTurn < TURN_MAX_BYTES) continue;
          await ownIteration();
          bytesInTurn = 0;
        }
        for (const deltas of answer.readEnd()) yield deltas;
      } catch (error) {
        signal.throwIfAborted();
        // A timeout of the reader counts as an orderly end. A reset does not.
        answer.end(callAbort.signal.aborted);
        if (answer.isBroken) throw error;
      }
      signal.throwIfAborted();
      if (answer.fault !== undefined) throw failedError(reportOf(answer.fault));
      yield answer.lastEvents;
    } catch (error) {
      signal.throwIfAborted();
      throw toFailure(error, reportOf);
    } finally {
      answer.close();
      signal.removeEventListener('abort', stop);
      callAbort.abort(CALL_ENDED);
      if (isConnected) this.connection.release();
    }
  }

  embed(request: EmbeddingRequest): Promise<Embeddings> {
    return embed(this.settings, this.connection, request);
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
 * types, and some proxies add a second one, so that the header is a list.
 */
const isNotEvents = ({ headers }: ProviderResponse) =>
  /^(?:text\/html|image\/|audio\/|video\/)/i.test(String(headers['content-type'] ?? '').trim());

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
