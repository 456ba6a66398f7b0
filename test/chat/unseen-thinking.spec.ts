import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { EventReader } from '../support/sse.js';
import { stageModels } from '../support/stages.js';
import { until } from '../support/until.js';
import type { Behaviour, UpstreamCall } from '../support/upstream.js';

const MESSAGE = 'How are you?';
/** By our estimate: of the message, and of "Hello " or "Hmm, ok. ". */
const [PROMPT, HELLO, THOUGHT] = [8, 2, 3];
const [PER_PROMPT, PER_COMPLETION] = [1, 2];
/** A silence that nothing is charged for, and what a longer one costs. */
const GRACE_MS = 3000;
const UNSEEN_PER_SECOND = 100;
/** The silence of the model. It may last longer on a slow machine. */
const SILENCE_MS = 4500;

/** Keeps its connection alive with comments, as providers do while a model thinks. */
const think = async (call: UpstreamCall, ms: number): Promise<void> => {
  const end = performance.now() + ms;
  while (performance.now() < end && !call.isAborted) {
    await call.raw(': thinking\n\n');
    await sleep(50);
  }
};

/** A model that says nothing about its thinking. */
const UNNAMED = 'is-silent';
const BEHAVIOURS: Record<string, Behaviour> = {
  [UNNAMED]: (call) => think(call.open(), 60_000),
  thinks: (call) => think(call.open(), 60_000),
  'thinks-then-talks': async (call) => {
    await think(call.open(), SILENCE_MS);
    await call.delta('Hello ');
  },
  'thinks-aloud': async (call) => {
    call.open();
    for (const reasoning_content of ['Hmm', ', ', 'ok. '])
      await call.event({ choices: [{ index: 0, delta: { reasoning_content } }] });
  },
  'thinks-and-counts': async (call) => {
    await think(call.open(), SILENCE_MS);
    await call.delta('Hello ');
    await call.finish();
    await call.usage(10, 5);
    await call.end();
  },
  'thinks-and-fails': async (call) => {
    await think(call.open(), SILENCE_MS);
    call.reset();
  },
};

describe.each(databaseKinds)('thinking that the provider does not pass on, on %s', (kind) => {
  const stage = stageModels(kind, BEHAVIOURS, (name) =>
    name === UNNAMED ? {} : { unseenThinkingPerSecond: UNSEEN_PER_SECOND },
  );

  /** Begins an answer of a new user. Returns the user, the call of the provider, and when the request was sent. */
  const begin = async (model: string, isStream = true) => {
    const ada = await stage.app.newUser();
    // The message tells the calls of the provider apart, because the cases run at the same time.
    const message = `${MESSAGE.slice(0, -1)}${String.fromCharCode(97 + started++)}`;
    const sentAt = performance.now();
    const exchange = isStream ? await openStream(ada, model, message) : ask(ada, model, message);
    const callOf = () =>
      stage.upstream.calls.find(({ body }) => body.messages[0]?.content === message);
    await until(() => callOf() !== undefined);
    const arrivedAt = performance.now();
    return { ada, exchange, call: callOf() as UpstreamCall, sentAt, arrivedAt };
  };
  let started = 0;

  const openStream = (ada: Caller, model: string, message: string) =>
    EventReader.open(stage.app.url, ada, { message, model, stream: true });

  const ask = ({ token }: Caller, model: string, message: string) => {
    const headers = { Authorization: `Token ${token}`, 'Content-Type': 'application/json' };
    const outgoing = request(`${stage.app.url}/api/chat/`, { method: 'POST', headers });
    outgoing.on('error', () => undefined);
    outgoing.end(JSON.stringify({ message, model }));
    return { leave: () => outgoing.destroy() };
  };

  /** Waits for the turn, checks that it was charged once, and returns what it cost. */
  const settled = async (ada: Caller, status: string, response: string): Promise<number> => {
    await until(async () => (await ada.history()).length > 0);
    const [turn, ...others] = await ada.history();
    expect([turn, others]).toMatchObject([{ status, response }, []]);
    const { results } = (await ada.get('/api/wallet/ledger/')).body;
    const amount = Number(turn?.tokens);
    expect(results[0]).toMatchObject(amount > 0 ? { amount: -amount } : { kind: 'grant' });
    expect(results).toHaveLength(amount > 0 ? 2 : 1);
    expect(await ada.balance()).toBe(4000 - amount);
    return amount;
  };

  const costOf = (silenceMs: number, seenTokens = 0) =>
    PROMPT * PER_PROMPT +
    PER_COMPLETION * (Math.floor(((silenceMs - GRACE_MS) * UNSEEN_PER_SECOND) / 1000) + seenTokens);

  const leavesDuring = async (isStream: boolean): Promise<void> => {
    const { ada, exchange, call, sentAt, arrivedAt } = await begin('metered:thinks', isStream);
    await sleep(SILENCE_MS);
    const leftAt = performance.now();
    exchange.leave();
    await call.aborted;
    const abortedAt = performance.now();
    const amount = await settled(ada, 'aborted', '');
    expect(amount).toBeGreaterThanOrEqual(costOf(leftAt - arrivedAt));
    expect(amount).toBeLessThanOrEqual(costOf(abortedAt - sentAt));
  };

  const stopsIt = async (): Promise<void> => {
    const { ada, exchange, call, sentAt, arrivedAt } = await begin('metered:thinks');
    await sleep(SILENCE_MS);
    const stoppedAt = performance.now();
    const { content } = await (exchange as EventReader).until('start');
    await ada.send('POST', `/api/chat/${String(content.turn)}/stop/`);
    await call.aborted;
    const abortedAt = performance.now();
    const amount = await settled(ada, 'aborted', '');
    expect(amount).toBeGreaterThanOrEqual(costOf(stoppedAt - arrivedAt));
    expect(amount).toBeLessThanOrEqual(costOf(abortedAt - sentAt));
  };

  const leavesAfterFirstWord = async (): Promise<void> => {
    const { ada, exchange, call, sentAt, arrivedAt } = await begin('metered:thinks-then-talks');
    await (exchange as EventReader).until('delta');
    const wordAt = performance.now();
    // Nothing is charged for this silence, which is short.
    exchange.leave();
    await call.aborted;
    const amount = await settled(ada, 'aborted', 'Hello ');
    expect(arrivedAt - sentAt).toBeLessThan(SILENCE_MS);
    expect(amount).toBeGreaterThanOrEqual(costOf(SILENCE_MS - (arrivedAt - sentAt), HELLO));
    expect(amount).toBeLessThanOrEqual(costOf(wordAt - sentAt + GRACE_MS, HELLO));
  };

  const leavesAfterSeenThinking = async (): Promise<void> => {
    const { ada, exchange, call } = await begin('metered:thinks-aloud');
    await (exchange as EventReader).until('reasoning');
    await until(() => (exchange as EventReader).raw.includes('ok. '));
    exchange.leave();
    await call.aborted;
    const amount = await settled(ada, 'aborted', '');
    expect(amount).toBe(PROMPT * PER_PROMPT + THOUGHT * PER_COMPLETION);
  };

  const staysToTheEnd = async (model: string, status: string, text: string, price: number) => {
    const { ada, exchange } = await begin(model);
    await (exchange as EventReader).ended;
    expect(await settled(ada, status, text)).toBe(price);
  };

  const leavesAnUnnamedModel = async (): Promise<void> => {
    const { ada, exchange } = await begin(`metered:${UNNAMED}`);
    await sleep(SILENCE_MS);
    exchange.leave();
    expect(await settled(ada, 'aborted', '')).toBe(PROMPT * PER_PROMPT);
  };

  const leavesAtAFlatPrice = async (): Promise<void> => {
    const { ada, exchange } = await begin('flat:thinks');
    await sleep(SILENCE_MS);
    exchange.leave();
    expect(await settled(ada, 'aborted', '')).toBe(100);
  };

  it('is paid by its time if the client leaves or stops it, and by the count at its end', async () => {
    await Promise.all([
      leavesDuring(true),
      leavesDuring(false),
      stopsIt(),
      leavesAfterFirstWord(),
      leavesAfterSeenThinking(),
      staysToTheEnd('metered:thinks-and-counts', 'complete', 'Hello ', 20),
      staysToTheEnd('metered:thinks-and-fails', 'failed', '', 0),
      leavesAnUnnamedModel(),
      leavesAtAFlatPrice(),
    ]);
    expect(await stage.app.database.count('holds', `state = 'open'`)).toBe(0);
    expect(await stage.app.database.unbalancedWallets()).toEqual([]);
  });
});
