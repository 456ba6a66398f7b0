import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { EnvHttpProxyAgent } from 'undici';
import { withoutLastSlashes } from '../../config/setting-rules.js';
import { decoded } from './decoded-body.js';

/** So many answers of one provider come at once; more wait their turn, and past that nobody waits. */
const LIMITS = { connectionsMax: 2048, queueMax: 512 };

/** The proxies of the operator's network; an empty text where there is none. */
export interface ProxySettings {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  /** Hosts that are reached directly, separated by commas. */
  readonly noProxy: string;
}

export const NO_PROXIES: ProxySettings = { httpProxy: '', httpsProxy: '', noProxy: '' };

/** All connections are in use, and as many calls wait for one as may. */
export class QueueFull extends Error {}

/** What a provider is asked for, and in which form it answers. */
export interface Door {
  /** Behind the provider's base URL. */
  readonly path: string;
  readonly accept: string;
}

export const COMPLETIONS: Door = { path: '/chat/completions', accept: 'text/event-stream' };

/** What a provider answers, as soon as its head is here. */
export interface ProviderResponse {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

/**
 * The connections to one provider: kept alive between answers, bounded in number, and without a time limit of
 * their own. A call waits as long as its signal lets it.
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
    // Given for both: the agent would put one in for the other, and what is absent it reads from the environment.
    const proxy = protocol === 'https:' ? proxies.httpsProxy : proxies.httpProxy;
    this.agent = new EnvHttpProxyAgent({
      ...{ httpProxy: proxy, httpsProxy: proxy, noProxy: proxies.noProxy },
      connections: limits.connectionsMax,
      connect: { timeout: 0 },
      // Plain HTTP goes through a proxy as a request, since many tunnel to port 443 alone.
      proxyTunnel: false,
    });
  }

  /** Takes one of the connections, at the latest when the signal is aborted. Throws `QueueFull`, or its reason. */
  async take(signal: AbortSignal, onQueue?: (isWaiting: boolean) => void): Promise<void> {
    if (this.inUse < this.limits.connectionsMax) {
      this.inUse += 1;
      return;
    }
    if (this.waiting.length >= this.limits.queueMax) throw new QueueFull();
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

  /** Gives a connection back: to the one who has waited longest, if anybody does. */
  release(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.inUse -= 1;
  }

  /** Sends one question. Follows no redirect, which could carry the key elsewhere. */
  async ask({ path, accept }: Door, body: string, signal: AbortSignal): Promise<ProviderResponse> {
    const limits = { headersTimeout: 0, bodyTimeout: 0 };
    const response = await this.agent.request({
      ...{ origin: this.origin, path: this.basePath + path, method: 'POST' },
      headers: { Accept: accept, ...this.headers },
      ...{ body, signal, ...limits },
    });
    const { statusCode, headers } = response;
    return {
      statusCode,
      headers,
      body: decoded(response.body, String(headers['content-encoding'] ?? '')),
    };
  }

  /** Cuts what is still open. */
  close(): Promise<void> {
    return this.agent.destroy();
  }
}
