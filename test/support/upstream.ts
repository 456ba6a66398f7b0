import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request of our service to the upstream. */
export interface UpstreamRequest {
  readonly model: string;
  readonly messages: { role: string; content: unknown }[];
  readonly [field: string]: unknown;
}

/** The behaviour of a model. It resolves when it has nothing more to do, and leaves the connection as it is. */
export type Behaviour = (call: UpstreamCall) => Promise<void> | void;

/** One call as the upstream received it, with methods for valid and faulty answers. */
export class UpstreamCall {
  /** Number of bytes that the connection has taken. */
  sentBytes = 0;
  /** When our service closed the connection before the end of the answer, by `performance.now()`. */
  abortedAt: number | undefined;
  readonly aborted: Promise<void>;

  constructor(
    readonly path: string,
    readonly body: UpstreamRequest,
    readonly headers: IncomingHttpHeaders,
    readonly response: ServerResponse,
  ) {
    this.aborted = new Promise((resolve) => {
      response.once('close', () => {
        if (response.writableFinished) return;
        this.abortedAt = performance.now();
        resolve();
      });
    });
  }

  get isAborted(): boolean {
    return this.abortedAt !== undefined;
  }

  open(status = 200, type = 'text/event-stream'): this {
    this.response.writeHead(status, { 'Content-Type': type });
    this.response.flushHeaders();
    return this;
  }

  /** Writes a text. Resolves when the connection has taken it or is closed. */
  async raw(text: string): Promise<void> {
    if (this.response.destroyed) return;
    this.sentBytes += Buffer.byteLength(text);
    if (this.response.write(text)) return;
    await Promise.race([once(this.response, 'drain'), this.aborted]);
  }

  event(chunk: unknown): Promise<void> {
    return this.raw(`data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`);
  }

  delta(content: unknown): Promise<void> {
    return this.event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
  }

  finish(reason = 'stop'): Promise<void> {
    return this.event({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });
  }

  usage(prompt: unknown, completion: unknown): Promise<void> {
    const usage = { prompt_tokens: prompt, completion_tokens: completion };
    return this.event({ choices: [], usage });
  }

  async end(): Promise<void> {
    await this.event('[DONE]');
    this.response.end();
  }

  /** Resets the connection. */
  reset(): void {
    this.response.socket?.resetAndDestroy();
  }
}

/** A model server for specs. The model's name selects its behaviour, valid or faulty. */
export class Upstream {
  readonly calls: UpstreamCall[] = [];

  private constructor(
    private readonly server: Server,
    private readonly port: number,
    readonly behaviours: Record<string, Behaviour>,
  ) {}

  static async start(behaviours: Record<string, Behaviour>): Promise<Upstream> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const upstream = new Upstream(server, (server.address() as AddressInfo).port, behaviours);
    server.on('request', (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(parts).toString()) as UpstreamRequest;
        const call = new UpstreamCall(request.url ?? '', body, request.headers, response);
        upstream.calls.push(call);
        void behaviours[body.model]?.(call);
      });
    });
    return upstream;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${String(this.port)}/v1`;
  }

  /** Returns the newest call. Throws if there is none. */
  get last(): UpstreamCall {
    const call = this.calls.at(-1);
    if (!call) throw new Error('the upstream was not called');
    return call;
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}
