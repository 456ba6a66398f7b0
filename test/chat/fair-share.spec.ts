import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { withIterations } from '../support/loop-iterations.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { respond } from '../support/responses.js';

const WORDS = 200;
/** So much of the event loop's time each word takes. */
const COST_MS = 1;
const WORDY = 'a '.repeat(49_999);

describe('a provider that answers without a pause', () => {
  let app: TestApp;
  let provider: ProviderProbe;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start('sqlite');
    provider = new ProviderProbe(app.nest);
    ada = await app.newUser();
  });
  afterAll(() => app.close());

  /**
   * Sends a request with `fetch`. The suite's own client checks every event, and other requests get no turn
   * meanwhile.
   */
  async function post(path: string, body: object, headers: Record<string, string> = {}) {
    const response = await fetch(`${app.url}${path}`, {
      method: 'POST',
      headers: {
        ...{ Authorization: `Bearer ${ada.token}`, 'Content-Type': 'application/json' },
        ...headers,
      },
      body: JSON.stringify(body),
    });
    return { status: response.status, raw: await response.text() };
  }

  /** Makes the provider say words without a pause. Returns how many it has said in each iteration of the event loop. */
  function countWords(iteration: () => number): Map<number, number> {
    const counts = new Map<number, number>();
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream by contract, though nothing waits
    provider.stream(async function* () {
      for (let n = 0; n < WORDS; n += 1) {
        const end = performance.now() + COST_MS;
        while (performance.now() < end);
        counts.set(iteration(), (counts.get(iteration()) ?? 0) + 1);
        yield { type: 'delta', text: 'w ' };
      }
      yield { type: 'done', finishReason: 'stop', usage: undefined };
    });
    return counts;
  }

  const messages = [{ role: 'user', content: 'Hi' }];
  const ROUTES = {
    'a chat': () => post('/api/chat/', { message: 'Hi', stream: true }),
    'a completion': () => post('/v1/chat/completions', { model: 'echo', stream: true, messages }),
    'an answer in one piece': () =>
      post('/api/chat/', { message: 'Hi' }, { 'Idempotency-Key': 'whole' }),
  };

  it.each(Object.entries(ROUTES))('lets other requests run in between: %s', async (_, route) => {
    const counts = await withIterations(async (iteration) => {
      const said = countWords(iteration);
      const { status, raw } = await route();
      expect([status, raw.includes('w')]).toEqual([200, true]);
      return [...said.values()];
    });
    expect(counts.reduce((sum, count) => sum + count)).toBe(WORDS);
    // If other requests got no turns, nearly all words would be said in one iteration.
    expect(Math.max(...counts)).toBeLessThan(WORDS / 4);
  });

  it('gets at most a thousand chunks of a long text from echo', async () => {
    provider.delayWith(undefined);
    const stream = await ada.send('POST', '/api/chat/', { message: WORDY, stream: true });
    const pieces = stream.raw.split('event: delta').length - 1;
    expect(pieces).toBeGreaterThan(900);
    expect(pieces).toBeLessThanOrEqual(1000);
    const said = `This is a dummy AI response to your message: '${WORDY.trim()}'`;
    expect((await ada.history()).at(0)?.response).toBe(said);
    const response = await respond(ada, { input: WORDY, stream: true });
    expect(response.raw.split('event: response.output_text.delta').length - 1).toBeLessThan(1001);
    const few = await ada.send('POST', '/api/chat/', { message: 'one two', stream: true });
    expect(few.raw.split('event: delta')).toHaveLength(1 + 11);
  });
});
