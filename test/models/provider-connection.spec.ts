import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ProviderBusy } from '../../src/errors.js';
import type { OpenAiCompatibleProvider } from '../../src/models/providers/openai-compatible.provider.js';
import { TestApp } from '../support/app.js';
import { modelsOf } from '../support/models-file.js';
import { createProvider } from '../support/provider-at.js';
import { until } from '../support/until.js';
import { Upstream, type UpstreamCall } from '../support/upstream.js';

const answer = async (call: UpstreamCall) => {
  call.open();
  await call.delta('Hello');
  await call.finish();
  await call.end();
};

describe('the connections to a provider', () => {
  let upstream: Upstream;
  let provider: OpenAiCompatibleProvider;
  /** The functions that let waiting calls be answered, the oldest first. */
  const held: (() => void)[] = [];
  const sockets = new Set<Socket | null>();

  beforeAll(async () => {
    upstream = await Upstream.start({
      good: (call) => {
        sockets.add(call.response.socket);
        return answer(call);
      },
      held: async (call) => {
        await new Promise<void>((resolve) => held.push(resolve));
        await answer(call);
      },
    });
  });
  afterEach(() => provider.close());
  afterAll(() => upstream.stop());

  const ask = async (model: string, signal = new AbortController().signal) => {
    const waits: boolean[] = [];
    const messages = [{ role: 'user', content: 'hi' }] as const;
    const rest = { maxTokens: 5, maxTokensField: 'max_tokens', extra: {}, signal } as const;
    const onQueue = (isWaiting: boolean) => {
      waits.push(isWaiting);
    };
    for await (const events of provider.complete({ model, messages, ...rest, onQueue })) {
      if (events.at(-1)?.type === 'done') break;
    }
    return waits;
  };
  const callsAre = (count: number) => until(() => upstream.calls.length >= count);

  it('are kept alive and used again', async () => {
    provider = createProvider(upstream.baseUrl);
    for (let n = 0; n < 20; n += 1) await ask('good');
    // A connection may be opened before the end of the previous one is noticed.
    expect(sockets.size).toBeLessThan(10);
  });

  it('are bounded, like their queue: past it the provider is busy', async () => {
    provider = createProvider(upstream.baseUrl, undefined, { connectionsMax: 2, queueMax: 2 });
    const before = upstream.calls.length;
    const asked = [ask('held'), ask('held')];
    await callsAre(before + 2);
    const waiting = ask('held');
    const leaving = new AbortController();
    const left = ask('held', leaving.signal);
    await expect(ask('held')).rejects.toBeInstanceOf(ProviderBusy);
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    expect(upstream.calls).toHaveLength(before + 2);
    held.shift()?.();
    await callsAre(before + 3);
    for (const go of held.splice(0)) go();
    expect(await Promise.all([...asked, waiting])).toEqual([[], [], [true, false]]);
    expect(await ask('good')).toEqual([]);
    expect(upstream.calls).toHaveLength(before + 4);
  });
});

describe('a provider behind a proxy', () => {
  let upstream: Upstream;
  let proxy: Server;
  const proxied: string[] = [];

  beforeAll(async () => {
    upstream = await Upstream.start({ good: answer });
    proxy = createServer((incoming, outgoing) => {
      proxied.push(incoming.url ?? '');
      const { method, headers, url = '' } = incoming;
      const onwards = request(url, { method, headers }, (response) => {
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(outgoing);
      });
      incoming.pipe(onwards);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
  });
  afterAll(async () => {
    proxy.close();
    proxy.closeAllConnections();
    await upstream.stop();
  });

  it.each([
    ['is asked through it', '', 1],
    ['is asked directly where NO_PROXY names its host', 'localhost, 127.0.0.1', 0],
  ])('%s', async (_, noProxy, count) => {
    const port = String((proxy.address() as AddressInfo).port);
    const app = await TestApp.start('sqlite', {
      ...modelsOf(upstream.baseUrl, ['good']),
      ...{ HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: noProxy },
    });
    const [before, calls] = [proxied.length, upstream.calls.length];
    const ada = await app.newUser();
    const { status, body } = await ada.send('POST', '/api/chat/', { message: 'hi' });
    await app.close();
    expect([status, body.response]).toEqual([200, 'Hello']);
    expect(upstream.calls).toHaveLength(calls + 1);
    const through = Array.from({ length: count }, () => `${upstream.baseUrl}/chat/completions`);
    expect(proxied.slice(before)).toEqual(through);
  });
});
