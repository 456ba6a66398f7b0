import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { respond } from '../support/responses.js';

const WORDS = 20_000;
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

  /** Returns the longest time in which no other request got a turn, and the whole time, in milliseconds. */
  async function longestPause(ask: () => ReturnType<typeof post>) {
    const startedAt = performance.now();
    let [longest, lastAt] = [0, startedAt];
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - lastAt);
      lastAt = performance.now();
    }, 1);
    const answer = await ask();
    clearInterval(timer);
    const endedAt = performance.now();
    return { answer, longest: Math.max(longest, endedAt - lastAt), took: endedAt - startedAt };
  }

  const messages = [{ role: 'user', content: 'Hi' }];
  const ROUTES = {
    'a chat': () => post('/api/chat/', { message: 'Hi', stream: true }),
    'a completion': () => post('/v1/chat/completions', { model: 'echo', stream: true, messages }),
    'an answer in one piece': () =>
      post('/api/chat/', { message: 'Hi' }, { 'Idempotency-Key': 'whole' }),
  };

  it.each(Object.entries(ROUTES))('lets other requests run in between: %s', async (_, route) => {
    provider.answer([
      ...Array.from({ length: WORDS }, () => ({ type: 'delta', text: 'w ' }) as const),
      { type: 'done', finishReason: 'stop', usage: undefined },
    ]);
    const { answer, longest, took } = await longestPause(route);
    expect([answer.status, answer.raw.includes('w')]).toEqual([200, true]);
    // If other requests got no turns, the pause would be nearly the whole time, on any machine.
    expect(longest).toBeLessThan(Math.max(250, took / 2));
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
