import { Agent, request, type IncomingHttpHeaders } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed where the answer is JSON, text otherwise. */
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- specs assert on it
  readonly raw: string;
}

export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
}

const ANSWER_TIMEOUT_MS = 30_000;

/** Plain HTTP, so that a spec can send what no well-bred client would. */
export class HttpClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(readonly url: string) {}

  send({ method = 'GET', path, headers = {}, body }: Ask): Promise<Answer> {
    const length =
      body === undefined || 'Transfer-Encoding' in headers
        ? {}
        : { 'Content-Length': String(Buffer.byteLength(body)) };
    return new Promise((resolve, reject) => {
      const outgoing = request(
        this.url + path,
        {
          method,
          headers: { ...length, ...headers },
          agent: this.agent,
          timeout: ANSWER_TIMEOUT_MS,
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
  ): Promise<Answer> {
    return this.http.send({
      method,
      path,
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

  /** The newest turns, as the owner reads them back. */
  async history(): Promise<{ message: string; response: string; tokens: number }[]> {
    const { body } = await this.get('/api/chat/?page_size=100');
    return (body as { results: { message: string; response: string; tokens: number }[] }).results;
  }
}
