import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller, HttpClient } from '../support/client.js';
import { modelsOf } from '../support/models-file.js';
import { register } from '../support/register.js';
import { Service } from '../support/service.js';
import { until } from '../support/until.js';
import { Upstream } from '../support/upstream.js';

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly status?: { readonly code?: number };
  readonly attributes: { readonly key: string; readonly value: unknown }[];
}

/** A minimal collector that accepts OTLP's JSON. */
class Collector {
  readonly spans: Span[] = [];
  private constructor(private readonly server: Server) {}

  static async start(): Promise<Collector> {
    const server = createServer();
    const collector = new Collector(server);
    server.on('request', (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(parts).toString()) as {
          resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
        };
        for (const { scopeSpans } of body.resourceSpans) {
          for (const { spans } of scopeSpans) collector.spans.push(...spans);
        }
        response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  async trace(traceId: string, count: number): Promise<Span[]> {
    const ofTrace = () => this.spans.filter((span) => span.traceId === traceId);
    await until(() => ofTrace().length >= count);
    return ofTrace();
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

const attributesOf = ({ attributes }: Span) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, Object.values(value as object)[0] as unknown]),
  );

describe('tracing, with an SDK loaded by --import', () => {
  let collector: Collector;
  let upstream: Upstream;
  let service: Service;
  let http: HttpClient;
  let ada: Caller;

  beforeAll(async () => {
    collector = await Collector.start();
    upstream = await Upstream.start({
      well: async (call) => {
        await call.open().delta('Hello');
        await call.finish();
        await call.usage(7, 3);
        await call.end();
      },
      broken: (call) => {
        call.open(500, 'application/json').response.end('{}');
      },
    });
    service = await Service.start({
      ...modelsOf(upstream.baseUrl, ['well', 'broken']),
      NODE_OPTIONS: `--import ${resolve('ops/tracing.mjs')}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
    });
    http = await service.client();
    ada = await register(http, 'ada');
  });
  afterAll(async () => {
    http.close();
    await service.remove();
    await upstream.stop();
    collector.stop();
  });

  /** Sends a message within a trace of the caller, and returns the spans of that trace. */
  async function spansOf(model: string, count: number): Promise<Span[]> {
    const traceId = model.padEnd(32, '0').replaceAll(/[^a-f0-9]/g, 'a');
    await ada.send(
      'POST',
      '/api/chat/',
      { message: 'words of a person', model },
      { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    );
    return collector.trace(traceId, count);
  }

  it('has a span of the request, of the hold, of the provider, and of the capture, in one trace', async () => {
    const spans = await spansOf('flat:well', 4);
    const request = spans.find(({ name }) => name === 'POST /api/chat');
    expect(request?.parentSpanId).toBe('00f067aa0ba902b7');
    expect(request?.status?.code ?? 0).toBe(0);
    expect(request && attributesOf(request)).toMatchObject({
      'http.route': '/api/chat',
      'http.response.status_code': 200,
    });
    const children = spans.filter(({ parentSpanId }) => parentSpanId === request?.spanId);
    expect(children.map(({ name }) => name).sort()).toEqual([
      'chat well',
      'transaction',
      'transaction',
    ]);
    const chat = children.find(({ name }) => name === 'chat well');
    expect(chat && attributesOf(chat)).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'loopback',
      'gen_ai.request.model': 'well',
      'gen_ai.usage.input_tokens': 7,
      'gen_ai.usage.output_tokens': 3,
    });
  });

  it('tells which database ran a transaction, and which requests shared one', () => {
    const transactions = collector.spans.filter(({ name }) => name === 'transaction');
    const attributes = transactions.map((span) => JSON.stringify(attributesOf(span)));
    expect(new Set(attributes)).toEqual(
      new Set(['{"db.system.name":"sqlite"}', '{"tallychat.batched":true}']),
    );
  });

  it('records the code of a failure, and never its message', async () => {
    const spans = await spansOf('flat:broken', 4);
    const chat = spans.find(({ name }) => name === 'chat broken');
    expect(chat?.status?.code).toBe(2);
    expect(chat && attributesOf(chat)['error.type']).toBe('provider_failed');
    const request = spans.find(({ name }) => name === 'POST /api/chat');
    expect(request?.status?.code).toBe(2);
    expect(JSON.stringify(collector.spans)).not.toMatch(/words of a person|Hello|Token /);
  });
});
