import { request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AnswerMemory } from '../../src/models/answer-memory.js';
import { toBase64 } from '../../src/models/providers/vectors.js';
import { TestApp } from '../support/app.js';
import { BLOCKED_MAX_MS, leastBlockedMs } from '../support/blocking.js';
import type { Caller } from '../support/client.js';
import { modelsOf } from '../support/models-file.js';
import { until } from '../support/until.js';
import { Upstream, type Behaviour } from '../support/upstream.js';

const INPUTS = 512;
const DIMENSIONS = 3072;
/** A collection of garbage takes longer than the answer, also in other threads, so the best of many tries counts. */
const TRIES = 10;
const ALL_MAX_BYTES = 268_435_456;

/**
 * Measures the CPU time of each iteration of the event loop, which the load of the machine does not change. Returns a
 * function that ends this and returns the longest one, in ms.
 */
function measureTurns(): () => number {
  let longest = 0;
  let used = process.cpuUsage();
  const endTurn = () => {
    const { user, system } = process.cpuUsage(used);
    longest = Math.max(longest, (user + system) / 1000);
    used = process.cpuUsage();
  };
  let next: NodeJS.Immediate;
  const tick = () => {
    endTurn();
    next = setImmediate(tick);
  };
  tick();
  return () => {
    clearImmediate(next);
    endTurn();
    return longest;
  };
}

/** A vector of 32-bit floats with many decimal digits. */
const VECTOR = Array.from(Float32Array.from({ length: DIMENSIONS }, (_, n) => Math.sin(n + 1)));
const jsonOf = (embedding: unknown, rest: object) => {
  const items = Array.from({ length: INPUTS }, (_, index) => ({
    ...{ object: 'embedding', index, embedding },
  }));
  return Buffer.from(JSON.stringify({ object: 'list', data: items, ...rest }));
};
const usage = { prompt_tokens: 7, total_tokens: 7 };
const answers =
  (body: Buffer): Behaviour =>
  (call) => {
    call.open(200, 'application/json').response.end(body);
  };

describe('a list of hundreds of long embeddings', () => {
  let upstream: Upstream;
  let app: TestApp;
  let ada: Caller;

  beforeAll(async () => {
    upstream = await Upstream.start({
      packed: answers(jsonOf(toBase64(VECTOR), { usage })),
      // A provider that does not support base64.
      plain: answers(jsonOf(VECTOR, { usage })),
    });
    app = await TestApp.start('sqlite', modelsOf(upstream.baseUrl, ['packed', 'plain']));
    ada = await app.newUser();
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  /** Sends the request, and returns the response unread. */
  const open = (model: string, form: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers = { Authorization: `Token ${ada.token}`, 'Content-Type': 'application/json' };
      const outgoing = request(`${app.url}/v1/embeddings`, { method: 'POST', headers }, resolve);
      outgoing.on('error', reject);
      const input = Array<number[]>(INPUTS).fill([1]);
      outgoing.end(JSON.stringify({ model, input, encoding_format: form }));
    });

  /** Checks whether an answer is in memory, by asking for all of it. */
  const isAnyInMemory = (): boolean => {
    const memory = new AnswerMemory();
    const isAny = !memory.resize(ALL_MAX_BYTES);
    memory.release();
    return isAny;
  };

  it.each([
    ['packed', 'base64'],
    ['packed', 'float'],
    ['plain', 'float'],
  ])(
    'of the provider %s arrives whole as %s, and never blocks other requests',
    async (name, form) => {
      const model = `flat:${name}`;
      const wanted = jsonOf(form === 'float' ? VECTOR : toBase64(VECTOR), { model, usage });
      const least = await leastBlockedMs(async () => {
        const balance = await ada.balance();
        const endMeasuring = measureTurns();
        const response = await open(model, form);
        const parts: Buffer[] = [];
        for await (const part of response) parts.push(part as Buffer);
        const ms = endMeasuring();
        expect([response.statusCode, response.headers['tokens-charged']]).toEqual([200, '100']);
        expect(Buffer.concat(parts).equals(wanted)).toBe(true);
        expect(balance - (await ada.balance())).toBe(100);
        await until(() => !isAnyInMemory());
        return ms;
      }, TRIES);
      expect(least).toBeLessThan(BLOCKED_MAX_MS);
    },
  );

  it('counts in memory while its reader takes nothing, and no longer when the reader has left', async () => {
    expect(isAnyInMemory()).toBe(false);
    const response = await open('flat:packed', 'float');
    response.pause();
    expect([response.statusCode, isAnyInMemory()]).toEqual([200, true]);
    response.destroy();
    await until(() => !isAnyInMemory());
  });
});
