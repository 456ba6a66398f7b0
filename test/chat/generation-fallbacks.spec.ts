import { describe, expect, it } from '@jest/globals';
import { ProviderFailed, ProviderRefused } from '../../src/errors.js';
import { captureLog } from '../support/captured-log.js';
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

describe('a Generation with a fallback', () => {
  const logged = captureLog();
  const { generationOf, outcome, settled, timers } = stageAnswers();
  const broken = new Error('socket hang up');
  const failed = new ProviderFailed();
  const both = (first: readonly Step[], second: readonly Step[]) => {
    const providers = [new Scripted(first), new Scripted(second)] as const;
    const [one, two] = [attemptAt(providers[0]), attemptAt(providers[1], 'second')];
    return { providers, generation: generationOf(one, two) };
  };
  const lines = () => logged.map(([level, part, , text]) => [level, part, text]);

  /** The limit of the first word is over when the other model is asked. */
  const isFirstTimed = () => {
    expect(timers[1]?.isCleared).toBe(true);
  };

  it('asks the fallback if the first model fails before a word, and charges the price of the fallback', async () => {
    const { providers, generation } = both([broken], [isFirstTimed, word('two'), done]);
    expect(generation.fallbacks).toEqual({ exist: true, isAsked: false });
    expect(generation.model.id).toBe('first');
    await generation.run(staying());
    expect(outcome()).toMatchObject({ status: 'complete', response: 'two' });
    expect(settled[0]?.model.id).toBe('second');
    expect(generation.model.id).toBe('second');
    expect(generation.fallbacks).toEqual({ exist: true, isAsked: true });
    expect(lines()).toEqual([['warn', 'Generation', 'first failed: second is asked instead']]);
    // The first one gets half of the time until its first word, the second one all that is left.
    expect(timers[1]?.ms).toBeGreaterThan(0.4 * TIMEOUT_MS);
    expect(timers[1]?.ms).toBeLessThanOrEqual(TIMEOUT_MS / 2);
    expect(timers).toHaveLength(2);
    expect(providers.map(({ asked }) => asked.length)).toEqual([1, 1]);
  });

  it('asks the fallback if the first model has used its share of the time', async () => {
    const { generation } = both([() => timers[1]?.fire(), 'hang'], [word('two'), done]);
    await generation.run(staying());
    expect(outcome()).toMatchObject({ status: 'complete', response: 'two' });
    const report = logged[0]?.[2] as { upstream: object };
    expect(report.upstream).toMatchObject({ reason: 'the time was up', model: 'first' });
  });

  it('does not limit the time after the first word', async () => {
    const { generation, providers } = both([word('a'), () => undefined, word('b'), done], []);
    await generation.run(staying(), () => {
      expect(timers[1]?.isCleared).toBe(true);
      return undefined;
    });
    expect(outcome()).toMatchObject({ response: 'ab' });
    expect(providers[1].asked).toEqual([]);
  });

  it.each([
    ['has said a word', [word('one'), broken], ProviderFailed],
    ['refuses the request', [new ProviderRefused('no')], ProviderRefused],
  ])('does not ask the fallback if the first model %s', async (_, steps, expected) => {
    const { providers, generation } = both(steps, [word('two'), done]);
    expect(await failureOf(generation.run(staying()))).toBeInstanceOf(expected);
    expect(providers[1].asked).toEqual([]);
    expect(outcome()).toMatchObject({ status: 'failed', amount: 0 });
    expect(settled[0]?.model.id).toBe('first');
  });

  it('does not ask the fallback if the caller has left', async () => {
    const caller = new AbortController();
    const { providers, generation } = both(
      [
        () => {
          caller.abort();
        },
        'hang',
      ],
      [word('two'), done],
    );
    await generation.run(caller.signal);
    expect(providers[1].asked).toEqual([]);
    expect(outcome()).toMatchObject({ status: 'aborted' });
  });

  it('throws the failure of the first model if both fail, also if the fallback refuses', async () => {
    const { providers, generation } = both([failed], [new ProviderRefused('no')]);
    expect(await failureOf(generation.run(staying()))).toBe(failed);
    expect(providers.map(({ asked }) => asked.length)).toEqual([1, 1]);
    expect(outcome()).toMatchObject({ status: 'failed', amount: 0 });
    expect(settled[0]?.model.id).toBe('first');
    expect(lines()).toHaveLength(1);
  });
});

describe('a Generation from a stream that cannot be closed', () => {
  const { generationOf, outcome } = stageAnswers();

  it('settles the answer as complete', async () => {
    const events = [[word('one')], [done]];
    const next = () => Promise.resolve({ done: false, value: events.shift() ?? [] });
    const complete = () => ({ [Symbol.asyncIterator]: () => ({ next }) });
    await generationOf(attemptAt({ name: 'plain', complete })).run(staying());
    expect(outcome()).toMatchObject({ status: 'complete', response: 'one' });
  });
});
