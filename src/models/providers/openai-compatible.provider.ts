import OpenAI, { APIConnectionTimeoutError, APIError } from 'openai';
import { ProviderFailed } from '../../errors.js';
import type { MaxTokensField, ProviderSettings } from '../../config/models-file.js';
import { ChunkReader, failed } from './chunk-reader.js';
import { EventTooLarge, readEvents } from './event-reader.js';
import type { CompletionEvent, CompletionProvider, CompletionRequest } from './provider.js';

/** An event carries a few words, or a call's arguments; more is nonsense. */
const EVENT_MAX_CHARS = 1_048_576;
/** The whole answer is here: so long may the usage take, and then the closing of the connection. */
const USAGE_GRACE_MS = 5000;
const CLOSE_GRACE_MS = 250;
/** Our own limit ends an answer first, and says 504; the SDK's is there for calls without one. */
const TIMEOUT_MARGIN_MS = 1000;

/** Any server that speaks OpenAI's chat completions. It is called once: a retry would be paid twice. */
export class OpenAiCompatibleProvider implements CompletionProvider {
  readonly name: string;
  private readonly client: OpenAI;

  constructor({ name, baseUrl, apiKey, timeoutMs }: ProviderSettings & { timeoutMs: number }) {
    this.name = name;
    this.client = new OpenAI({
      baseURL: baseUrl,
      apiKey: apiKey ?? 'none',
      ...(apiKey === undefined && { defaultHeaders: { Authorization: null } }),
      // What the environment says for other programs does not go to this server.
      organization: null,
      project: null,
      maxRetries: 0,
      timeout: timeoutMs + TIMEOUT_MARGIN_MS,
      logLevel: 'off',
      fetch: fetchDiscreetly,
    });
  }

  async *complete(request: CompletionRequest): AsyncIterable<CompletionEvent> {
    request.signal.throwIfAborted();
    const over = new AbortController();
    const stop = () => {
      over.abort(request.signal.reason);
    };
    request.signal.addEventListener('abort', stop);
    const answer = new ChunkReader();
    let grace: NodeJS.Timeout | undefined;
    let endsAt = Infinity;
    const endWithin = (ms: number) => {
      if (Date.now() + ms >= endsAt) return;
      endsAt = Date.now() + ms;
      clearTimeout(grace);
      grace = setTimeout(() => {
        over.abort();
      }, ms);
    };
    try {
      const body = await this.open(request, over.signal);
      for await (const event of readEvents(readUntil(over.signal, body), EVENT_MAX_CHARS)) {
        const delta = answer.take(event);
        if (delta) yield delta;
        if (answer.isOver) endWithin(CLOSE_GRACE_MS);
        else if (answer.isWhole) endWithin(USAGE_GRACE_MS);
      }
    } catch (error) {
      request.signal.throwIfAborted();
      if (!answer.isWhole) throw toFailure(error);
    } finally {
      clearTimeout(grace);
      request.signal.removeEventListener('abort', stop);
      over.abort();
    }
    request.signal.throwIfAborted();
    if (!answer.isWhole) throw failed('the provider broke off');
    yield { type: 'done', finishReason: answer.finishReason, usage: answer.usage };
  }

  private async open(
    request: CompletionRequest,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const response = await this.client
      .post('/chat/completions', {
        body: bodyOf(request),
        headers: { Accept: 'text/event-stream' },
        signal,
      })
      .asResponse();
    const type = response.headers.get('content-type') ?? '';
    if (!response.body || !type.startsWith('text/event-stream')) {
      throw failed('the provider answered with something else than events');
    }
    return response.body;
  }
}

/**
 * The bytes of a body, until the signal is aborted: that closes the connection. Node's fetch would do so too, but
 * once the head is here it holds on to the signal by weak references, and forgets it when memory is collected: a
 * provider that said nothing more was then waited for, and went on, for five minutes.
 */
async function* readUntil(
  signal: AbortSignal,
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  const close = () => void reader.cancel().catch(() => undefined);
  if (signal.aborted) close();
  signal.addEventListener('abort', close);
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

/** Fields that would change what an answer may cost, or how it comes, are ours alone to set. */
const OURS = new Set<string>([
  'n',
  'stream',
  'stream_options',
  'max_tokens' satisfies MaxTokensField,
  'max_completion_tokens' satisfies MaxTokensField,
]);

function bodyOf({ model, messages, maxTokens, maxTokensField, extra }: CompletionRequest) {
  const passedOn = Object.entries(extra).filter(([name]) => !OURS.has(name));
  return {
    ...Object.fromEntries(passedOn),
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
    ...(maxTokens !== undefined && { [maxTokensField]: maxTokens }),
  };
}

/** Follows no redirect, which could carry the key elsewhere, and reads no error's text. */
async function fetchDiscreetly(url: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: 'error' });
  if (response.ok) return response;
  await response.body?.cancel();
  return new Response(null, { status: response.status });
}

function toFailure(error: unknown): ProviderFailed {
  if (error instanceof ProviderFailed) return error;
  if (error instanceof EventTooLarge) return failed('the provider sent an event that is too large');
  if (error instanceof APIConnectionTimeoutError) return failed('the provider took too long');
  if (error instanceof APIError && error.status !== undefined) {
    return failed(`the provider answered ${String(error.status)}`);
  }
  return failed(`the connection to the provider failed: ${codeOf(error)}`);
}

/** The system's code, such as ECONNREFUSED, from where fetch hides it. */
function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
  }
  return error instanceof Error ? error.name : typeof error;
}
