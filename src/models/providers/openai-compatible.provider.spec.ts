import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { OpenAiCompatibleProvider } from './openai-compatible.provider.js';
import type { ProviderConnection } from './provider-connection.js';

/** A connection whose answer has arrived as a whole. */
const connectionWith = (parts: readonly Buffer[]) =>
  ({
    take: () => Promise.resolve(),
    release: () => undefined,
    ask: () => Promise.resolve({ statusCode: 200, headers: {}, body: Readable.from(parts) }),
  }) as unknown as ProviderConnection;

const END =
  'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';

describe('an answer that arrives as fast as it can be read', () => {
  it.each([
    ['comments', ': still here\n\n'],
    ['events without output', 'data: {"choices":[{"delta":{"content":""}}]}\n\n'],
  ])('leaves turns to other requests between its parts: %s', async (_, unit) => {
    const part = Buffer.from(unit.repeat(Math.ceil(65_536 / unit.length)));
    const connection = connectionWith([...Array<Buffer>(20).fill(part), Buffer.from(END)]);
    const provider = new OpenAiCompatibleProvider({ name: 'loopback', apiKey: 'sk' }, connection);
    let turns = 0;
    let isOver = false;
    const takeTurn = () => {
      turns += 1;
      if (!isOver) setImmediate(takeTurn);
    };
    setImmediate(takeTurn);
    const texts: string[] = [];
    const request = { model: 'm', messages: [], extra: {}, signal: new AbortController().signal };
    for await (const events of provider.complete(request as never)) {
      for (const event of events) if (event.type === 'delta') texts.push(event.text);
    }
    isOver = true;
    expect(texts).toEqual(['hi']);
    expect(turns).toBeGreaterThanOrEqual(20);
  });
});
