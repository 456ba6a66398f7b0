import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { Metrics } from './metrics.js';

/** Limits for Prometheus, which sends a request every few seconds, on a network of the operator. */
const TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 20;

/**
 * Serves only `/metrics`, on its own address. The metrics are for the operator: the route needs no credentials and
 * must not be reachable from outside.
 */
@Injectable()
export class MetricsServer implements OnApplicationShutdown {
  private readonly logger = new Logger(MetricsServer.name);
  private server: Server | undefined;

  constructor(
    private readonly metrics: Metrics,
    @Inject(CONFIG) private readonly config: Pick<Config, 'metricsHost' | 'metricsPort'>,
  ) {}

  /** Listens on `METRICS_PORT`, if it is set. Throws if the port is in use. */
  async start(): Promise<void> {
    const { metricsHost: host, metricsPort: port } = this.config;
    if (port === undefined) return;
    const server = createServer({ requestTimeout: TIMEOUT_MS }, (request, response) => {
      const path = (request.url ?? '/').split('?', 1)[0];
      const isKnown = path === '/metrics' && ['GET', 'HEAD'].includes(request.method ?? '');
      if (!isKnown) {
        response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Ask for GET /metrics.\n');
        return;
      }
      this.metrics.registry.metrics().then(
        (text) => {
          response.writeHead(200, { 'Content-Type': this.metrics.registry.contentType }).end(text);
        },
        (error: unknown) => {
          this.logger.warn({ err: error }, 'the metrics cannot be read');
          response.writeHead(503).end();
        },
      );
    });
    server.maxConnections = CONNECTIONS_MAX;
    server.listen(port, host);
    try {
      await once(server, 'listening');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === 'EADDRINUSE' ? `Set METRICS_PORT to a free one.` : message;
      throw new Error(`Port ${String(port)} on ${host} does not serve metrics: ${reason}`, {
        cause: error,
      });
    }
    this.server = server;
    this.logger.log(`metrics at http://${host}:${String(port)}/metrics`);
  }

  onApplicationShutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }
}
