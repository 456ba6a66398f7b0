import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AnswerNotRead, ProviderFailed, ProviderTimedOut } from '../../src/errors.js';
import type { CompletionEvent } from '../../src/models/provider.js';
import {
  attemptAt,
  done,
  failureOf,
  Scripted,
  stageAnswers,
  staying,
  TIMEOUT_MS,
  word,
  type Step,
} from '../support/scripted-answers.js';
import { until } from '../support/until.js';

/** Stops the clock for the rest of the test. `advance` sets it seven seconds ahead, of which three are free. */
function stopClock() {
  const now = Math.ceil(performance.now());
  const clock = jest.spyOn(performance, 'now').mockReturnValue(now);
  stopped.push(clock);
  return { advance: () => void clock.mockReturnValue(now + 7000) };
}
const stopped: { mockRestore(): void }[] = [];

describe('a Generation', () => {
  afterEach(() => {
    for (const clock of stopped.splice(0)) clock.mockRestore();
  });

  const { generationOf, outcome, settled, timers, fireTimeout } = stageAnswers();

  it('is settled once at its end, and the provider is told to stop', async () => {
    const provider = new Scripted([word('one '), word('two'), done, word('three')]);
    const generation = generationOf(attemptAt(provider));
    expect([generation.turnId, generation.conversationId]).toEqual(['turn', 'conversation']);
    const passedOn: string[] = [];
    const turn = await generation.run(staying(), (delta) => {
      passedOn.push(delta.text);
      return undefined;
    });
    expect([turn.response, passedOn]).toEqual(['one two', ['one ', 'two']]);
    expect(outcome()).toMatchObject({ status: 'complete', finishReason: 'stop' });
    expect(outcome().amount).toBe(10 * outcome().promptTokens + outcome().completionTokens);
    expect(generation.fallbacks).toEqual({ exist: false, isAsked: false });
    expect(timers.map(({ ms }) => ms)).toEqual([TIMEOUT_MS]);
    expect(provider.asked[0]?.signal).toMatchObject({ aborted: true, reason: 'over' });
    expect(provider.isReturned).toBe(true);
    // What comes after the end has no effect.
    generation.stop();
    fireTimeout();
    expect(settled).toHaveLength(1);
  });

  it.each(['left', 'stopped'])(
    'is free and asks no model if its caller has %s before',
    async (way) => {
      const provider = new Scripted([word('one'), done]);
      const generation = generationOf(attemptAt(provider));
      const caller = new AbortController();
      if (way === 'left') caller.abort();
      else generation.stop();
      await generation.run(caller.signal);
      expect(provider.asked).toEqual([]);
      expect(outcome()).toMatchObject({ status: 'aborted', finishReason: 'cancelled', amount: 0 });
    },
  );

  it.each(['left', 'stopped'])(
    'is charged for its words if its caller has %s meanwhile',
    async (way) => {
      const caller = new AbortController();
      const end = (): void => {
        if (way === 'left') caller.abort();
        else generation.stop();
      };
      const provider = new Scripted([word('one word'), end, word('unheard'), done]);
      const generation = generationOf(attemptAt(provider));
      const turn = await generation.run(caller.signal);
      expect(turn.response).toBe('one word');
      expect(outcome()).toMatchObject({ status: 'aborted', finishReason: 'cancelled' });
      expect(outcome().amount).toBeGreaterThan(0);
      expect(provider.asked[0]?.signal).toMatchObject({ aborted: true, reason: 'not wanted' });
    },
  );

  it('removes its listener from the signal of its caller at its end', async () => {
    const caller = new AbortController();
    const added = jest.spyOn(caller.signal, 'addEventListener');
    const removed = jest.spyOn(caller.signal, 'removeEventListener');
    await generationOf(attemptAt(new Scripted([done]))).run(caller.signal);
    expect(added.mock.calls).toHaveLength(1);
    expect(removed.mock.calls).toEqual(added.mock.calls);
    expect(added.mock.calls[0]?.[0]).toBe('abort');
  });

  it.each([
    ['and pays the prompt if its caller leaves before output', false],
    ['but not if it waits for a connection', true],
  ])('is asked, %s', async (_, isQueued) => {
    const caller = new AbortController();
    const steps: Step[] = [];
    const provider = new Scripted(steps);
    const queue = () => provider.asked[0]?.onQueue?.(isQueued);
    steps.push(
      queue,
      () => {
        caller.abort();
      },
      'hang',
    );
    await generationOf(attemptAt(provider)).run(caller.signal);
    expect(outcome()).toMatchObject({ status: 'aborted', response: '' });
    expect(outcome().amount).toBe(10 * outcome().promptTokens);
    expect(outcome().promptTokens > 0).toBe(!isQueued);
  });

  it.each([
    ['before output', [], undefined],
    ['in its middle', [word('one')], undefined],
    ['in its middle, by the limit of time', [word('one')], () => undefined],
  ])('is charged for what it may have thought if it is stopped %s', async (_, words, onDelta) => {
    const clock = stopClock();
    const wait = () => {
      clock.advance();
      if (onDelta) fireTimeout();
      else generation.stop();
    };
    const generation = generationOf(attemptAt(new Scripted([...words, wait, 'hang'])));
    await generation.run(staying(), onDelta);
    expect(outcome().reasoningTokens).toBe(4);
  });

  it('is free at a flat price if it is complete and empty', async () => {
    const flat = { perMessage: 7 };
    await generationOf(attemptAt(new Scripted([done]), 'first', flat)).run(staying());
    expect(outcome()).toMatchObject({ status: 'complete', amount: 0 });
  });

  it('is free if its words cannot be passed on', async () => {
    const broken = new Error('cannot be written');
    const running = generationOf(attemptAt(new Scripted([word('one'), done]))).run(staying(), () =>
      Promise.reject(broken),
    );
    expect(await failureOf(running)).toEqual(new ProviderFailed({ cause: broken }));
    expect(outcome()).toMatchObject({ status: 'failed', amount: 0 });
  });

  it('is charged for what was passed on before its time was up, and is cut off', async () => {
    const provider = new Scripted([word('one word'), fireTimeout, 'hang']);
    const turn = await generationOf(attemptAt(provider)).run(staying(), () => undefined);
    expect(turn.response).toBe('one word');
    expect(outcome()).toMatchObject({ status: 'aborted', finishReason: 'length' });
    expect(outcome().amount).toBeGreaterThan(0);
  });

  it.each([
    ['passed on nothing', [word('one word')], undefined],
    ['had no output', [], () => undefined],
  ] as const)(
    'is free and keeps nothing if it %s until its time was up',
    async (_, steps, onDelta) => {
      const clock = stopClock();
      const provider = new Scripted([...steps, clock.advance, fireTimeout, 'hang']);
      const failure = await failureOf(generationOf(attemptAt(provider)).run(staying(), onDelta));
      expect(failure).toBeInstanceOf(ProviderTimedOut);
      const { report } = failure as ProviderTimedOut;
      expect(report).toMatchObject({ provider: 'scripted', model: 'first', tookMs: 7000 });
      expect(outcome()).toMatchObject({ status: 'failed', amount: 0, response: '' });
    },
  );

  it('is charged if its caller reads too slowly, and throws AnswerNotRead', async () => {
    const clock = stopClock();
    const provider = new Scripted([word('one word'), clock.advance, word('next'), done]);
    let pieces = 0;
    const running = generationOf(attemptAt(provider)).run(staying(), () => {
      pieces += 1;
      if (pieces === 1) return undefined;
      setImmediate(fireTimeout);
      return new Promise(() => undefined);
    });
    expect(await failureOf(running)).toBeInstanceOf(AnswerNotRead);
    expect(outcome()).toMatchObject({ status: 'aborted', response: 'one wordnext' });
    expect(outcome().reasoningTokens).toBe(4);
    expect(outcome().amount).toBeGreaterThan(10 * outcome().promptTokens + 4);
  });

  it('fetches the next words only when the caller has read the last ones', async () => {
    let read: () => void = () => undefined;
    const seen: string[] = [];
    const provider = new Scripted([word('a'), () => seen.push('fetched'), word('b'), done]);
    const running = generationOf(attemptAt(provider)).run(staying(), ({ text }) => {
      seen.push(text);
      return new Promise((resolve) => (read = resolve));
    });
    await until(() => seen.length > 0);
    await new Promise(setImmediate);
    expect(seen).toEqual(['a']);
    read();
    await until(() => seen.length > 2);
    expect(seen).toEqual(['a', 'fetched', 'b']);
    // The caller reads again, so a limit of time that is over now is not the caller's fault.
    read();
    await running;
    expect(outcome()).toMatchObject({ status: 'complete', response: 'ab' });
  });

  it('is cut off, and throws nothing, if its time is up after its caller has read all', async () => {
    const provider = new Scripted([word('a'), fireTimeout, 'hang']);
    const turn = await generationOf(attemptAt(provider)).run(staying(), () => Promise.resolve());
    expect(turn.response).toBe('a');
    expect(outcome()).toMatchObject({ status: 'aborted', finishReason: 'length' });
  });

  const broken = new Error('socket hang up');
  const failed = new ProviderFailed();
  it.each([
    ['breaks off', [word('one'), broken], new ProviderFailed({ cause: broken }), 'one'],
    ['tells its failure', [failed], failed, ''],
    ['ends without an end', [word('one')], new ProviderFailed(), 'one'],
  ])('is free if its provider %s', async (_, steps, expected, response) => {
    const error = await failureOf(
      generationOf(attemptAt(new Scripted(steps))).run(staying(), () => undefined),
    );
    expect(error).toEqual(expected);
    expect((error as Error).cause).toBe(expected.cause);
    expect(outcome()).toMatchObject({ status: 'failed', amount: 0, response });
  });

  it.each([
    ['words', word('x'.repeat(1000 + 16 * 9 - 'one'.length))],
    ['thinking', { ...word(''), thoughtParts: [{ data: 'x'.repeat(1_048_577) }] }],
  ])('is cut off and charged if its provider sends too much %s', async (_, much) => {
    const provider = new Scripted([word('one'), much as CompletionEvent, word('more'), 'hang']);
    await generationOf(attemptAt(provider)).run(staying());
    expect(outcome()).toMatchObject({ status: 'complete', finishReason: 'length' });
    expect(outcome().response).toMatch(/^one/);
    expect(outcome().response).not.toContain('more');
    expect(outcome().amount).toBeGreaterThan(0);
    expect(provider.isReturned).toBe(true);
  });

  it('refuses to be made without an attempt', () => {
    expect(() => generationOf()).toThrow('a generation needs at least one attempt');
  });
});
