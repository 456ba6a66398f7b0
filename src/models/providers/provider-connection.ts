import type { Readable } from 'node:stream';
import { EnvHttpProxyAgent } from 'undici';
import { withoutLastSlashes } from '../../config/setting-rules.js';
import { decodeBody } from './decoded-body.js';

/**
 * Maximum number of calls to one provider at the same time, and of calls that wait. Further calls are refused. A call that
 * ended while its connection was being made no longer counts, but the next call may wait for that connection.
 */
const LIMITS = { connectionsMax: 2048, queueMax: 512 };

/**
 * Maximum time for opening a connection, with TLS. A server that accepts connections but never completes a handshake
 * would otherwise keep a socket of each call.
 */
const CONNECT_TIMEOUT_MS = 30_000;

/** The proxies of the operator's network. An empty text means no proxy. */
export interface ProxySettings {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  /** Hosts that are reached directly, separated by commas. */
  readonly noProxy: string;
}

/** All connections are in use, and the maximum number of calls waits for one. */
export class ConnectionQueueFull extends Error {}

/** A route of a provider, and the format of its answers. */
export interface ProviderRoute {
  /** The path after the provider's base URL. */
  readonly path: string;
  readonly accept: string;
}

export const COMPLETIONS_ROUTE: ProviderRoute = {
  path: '/chat/completions',
  accept: 'text/event-stream',
};

/** A provider's response, returned when its head has arrived. */
export interface ProviderResponse {
  readonly statusCode: number;
  /** A header that came several times is a list. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

/**
 * Returns the result of `work`. Throws the signal's reason when it aborts: the agent heeds a signal only once a
 * connection is made, and a server may never complete the handshake of TLS.
 */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * The connections to one provider. They are kept alive between answers, bounded in number, and have no timeout of
 * their own once they are open. The signal of a call limits its wait.
 */
export class ProviderConnection {
  private readonly agent: EnvHttpProxyAgent;
  private readonly origin: string;
  private readonly basePath: string;
  private readonly headers: Readonly<Record<string, string>>;
  private inUse = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    baseUrl: string,
    apiKey: string | undefined,
    proxies: ProxySettings,
    private readonly limits = LIMITS,
  ) {
    const { origin, pathname, protocol } = new URL(baseUrl);
    this.origin = origin;
    this.basePath = withoutLastSlashes(pathname);
    this.headers = {
      'Accept-Encoding': 'identity',
      'Content-Type': 'application/json',
      'User-Agent': 'tallychat',
      ...(apiKey !== undefined && { Authorization: `Bearer ${apiKey}` }),
    };
    // Both are set, because the agent would use one for the other and read a missing one from the environment.
    const proxy = protocol === 'https:' ? proxies.httpsProxy : proxies.httpProxy;
    this.agent = new EnvHttpProxyAgent({
      ...{ httpProxy: proxy, httpsProxy: proxy, noProxy: proxies.noProxy },
      connections: limits.connectionsMax,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      // Plain HTTP is sent through a proxy as a request, because many proxies only tunnel to port 443.
      proxyTunnel: false,
    });
  }

  /**
   * Takes a connection, and waits for a free one if needed. Throws `ConnectionQueueFull`, or the signal's reason when it
   * aborts.
   */
  async take(signal: AbortSignal, onQueue?: (isWaiting: boolean) => void): Promise<void> {
    if (this.inUse < this.limits.connectionsMax) {
      this.inUse += 1;
      return;
    }
    if (this.waiting.length >= this.limits.queueMax) throw new ConnectionQueueFull();
    onQueue?.(true);
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.waiting.splice(this.waiting.indexOf(next), 1);
        reject(signal.reason as Error);
      };
      const next = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      this.waiting.push(next);
      signal.addEventListener('abort', leave, { once: true });
    });
    onQueue?.(false);
  }

  /** Returns a connection. The call that has waited longest gets it. */
  release(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.inUse -= 1;
  }

  /** Sends one request. Redirects are not followed, because they could send the key to another host. */
  async ask(
    { path, accept }: ProviderRoute,
    body: string,
    signal: AbortSignal,
  ): Promise<ProviderResponse> {
    signal.throwIfAborted();
    const limits = { headersTimeout: 0, bodyTimeout: 0 };
    const request = this.agent.request({
      ...{ origin: this.origin, path: this.basePath + path, method: 'POST' },
      headers: { Accept: accept, ...this.headers },
      ...{ body, signal, ...limits },
    });
    const response = await unlessAborted(request, signal);
    const { statusCode, headers } = response;
    return {
      statusCode,
      headers,
      body: decodeBody(response.body, String(headers['content-encoding'] ?? '')),
    };
  }

  /** Closes all open connections. */
  close(): Promise<void> {
    return this.agent.destroy();
  }
}
