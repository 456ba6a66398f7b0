import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { isReported } from './schema-mismatches.js';
import { Conformance, SchemaMismatch } from './conformance.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed if the answer is JSON, text otherwise. */
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- specs assert on it
  readonly raw: string;
}

export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
  /** Closes the connection when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** A turn as its owner reads it. */
export interface PastTurn {
  readonly id: string;
  readonly message: string;
  readonly response: string;
}

const ANSWER_TIMEOUT_MS = 60_000;

type Settings = Readonly<Record<string, string>>;

/** Schema checks, by the only setting that changes the document beside its introduction. */
const clientsBySettings = new Map<string, Conformance>();
/** Schema checks, by the document without the figures in its introduction. */
const clientsByContract = new Map<string, Conformance>();

/**
 * Returns the key of the settings. Undefined with limits: a request for the document counts against them, so every spec
 * makes it.
 */
function keyOf(settings: Settings | undefined): string | undefined {
  if (settings?.['RATE_LIMITS'] !== 'off') return undefined;
  return settings['MESSAGE_MAX_CHARS'] ?? '';
}

async function conformanceOf(url: string, agent: Agent, settings?: Settings): Promise<Conformance> {
  const key = keyOf(settings);
  const known = key === undefined ? undefined : clientsBySettings.get(key);
  if (known) return known;
  const { status, raw } = await exchange(url, agent, { path: '/api/schema/' });
  if (status !== 200) throw new Error(`no schema to hold answers to: ${String(status)} ${raw}`);
  const contract = JSON.stringify({ ...(JSON.parse(raw) as object), info: undefined });
  const conformance = clientsByContract.get(contract) ?? new Conformance(contract);
  clientsByContract.set(contract, conformance);
  if (key !== undefined) clientsBySettings.set(key, conformance);
  return conformance;
}

/** Sends one request, and returns its answer with any status. */
function exchange(
  url: string,
  agent: Agent,
  { method = 'GET', path, headers = {}, body, signal }: Ask,
): Promise<Answer> {
  const length =
    body === undefined || 'Transfer-Encoding' in headers
      ? {}
      : { 'Content-Length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url + path,
      {
        method,
        headers: { ...length, ...headers },
        agent,
        timeout: ANSWER_TIMEOUT_MS,
        signal,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const raw = Buffer.concat(chunks).toString('utf8');
          const isJson = incoming.headers['content-type']?.includes('json') && raw !== '';
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: isJson ? (JSON.parse(raw) as unknown) : raw,
            raw,
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer: ${method} ${path}`)));
    outgoing.end(body);
  });
}

/**
 * A plain HTTP client, so that a spec can send invalid requests. It checks every answer against the schema that the
 * service serves. An undocumented answer fails the spec.
 */
export class HttpClient {
  private constructor(
    readonly url: string,
    private readonly agent: Agent,
    private readonly conformance: Conformance,
  ) {}

  /**
   * Connects to the service at `url`, which must be ready to serve its schema. The schema of known settings is
   * cached.
   */
  static async connect(url: string, settings?: Settings): Promise<HttpClient> {
    const agent = new Agent({ keepAlive: true, maxSockets: 64 });
    return new HttpClient(url, agent, await conformanceOf(url, agent, settings));
  }

  /**
   * Sends a request. Rejects if the answer does not match the schema, unless another file of the run has reported
   * it.
   */
  async send(ask: Ask): Promise<Answer> {
    const answer = await exchange(this.url, this.agent, ask);
    try {
      this.conformance.assert(ask.method ?? 'GET', ask.path, answer);
    } catch (error) {
      if (!(error instanceof SchemaMismatch && isReported(error))) throw error;
    }
    return answer;
  }

  close(): void {
    this.agent.destroy();
  }
}

/** A caller with a token. */
export class Caller {
  constructor(
    private readonly http: HttpClient,
    readonly token: string,
    readonly username: string,
  ) {}

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.http.send({ path, headers: { Authorization: `Token ${this.token}`, ...headers } });
  }

  send(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<Answer> {
    return this.http.send({
      method,
      path,
      signal,
      headers: {
        Authorization: `Token ${this.token}`,
        ...(body && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  }

  chat(message: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', '/api/chat/', { message }, headers);
  }

  async balance(): Promise<number> {
    return ((await this.get('/api/token-balance/')).body as { tokens: number }).tokens;
  }

  /** Returns the newest turns, as their owner reads them. */
  async history(): Promise<{ message: string; response: string; tokens: number }[]> {
    const { body } = await this.get('/api/chat/?page_size=100');
    return (body as { results: { message: string; response: string; tokens: number }[] }).results;
  }

  /** Returns all turns, page by page. */
  async wholeHistory(): Promise<PastTurn[]> {
    const turns: PastTurn[] = [];
    let path: string | undefined = '/api/chat/?page_size=100';
    while (path !== undefined) {
      const { body }: Answer = await this.get(path);
      const { next, results } = body as { next: string | null; results: PastTurn[] };
      turns.push(...results);
      path = next?.replace(/^https?:\/\/[^/]+/, '');
    }
    return turns;
  }
}
