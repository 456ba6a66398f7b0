import { describe, expect, it } from '@jest/globals';
import type { HistoryService } from '../conversations/history.service.js';
import type { HoldStops } from '../wallet/holds/hold-stops.js';
import type { HoldsService } from '../wallet/holds/holds.service.js';
import { EarlierAnswers } from './earlier-answers.js';
import { RunningAnswers } from './running-answers.js';

const KEY = { route: 'chat', key: 'k', hash: 'h' } as const;
const NO_STOPS = { requestedStops: () => Promise.resolve([]) } as unknown as HoldStops;

/** `states` lists the state of the hold for each read; the last state repeats. */
function answersWith({ holdId, states = ['open'] }: { holdId?: string; states?: string[] }) {
  const seen = { states: 0, turns: 0 };
  const holds = {
    findByKey: () => Promise.resolve(holdId),
    stateOf: () => {
      seen.states += 1;
      return Promise.resolve(states[Math.min(seen.states, states.length) - 1]);
    },
  } as unknown as HoldsService;
  const history = {
    findByHold: (...parts: string[]) => {
      seen.turns += 1;
      return Promise.resolve(parts);
    },
  } as unknown as HistoryService;
  const running = new RunningAnswers(NO_STOPS);
  return { answers: new EarlierAnswers(holds, history, running), running, seen };
}

describe('earlier answers', () => {
  it('are found by the hold of their key', async () => {
    const { answers } = answersWith({ holdId: 'hold' });
    expect(await answers.find('ada', KEY)).toEqual(['ada', 'hold']);
  });

  it('are not looked for if the key is free', async () => {
    const { answers, seen } = answersWith({});
    expect(await answers.find('ada', KEY)).toBeUndefined();
    expect(seen.turns).toBe(0);
  });

  it('are waited for without a read if they run in this process', async () => {
    const { answers, running, seen } = answersWith({});
    running.add({ ownerId: 'ada', turnId: 'turn', stop: () => undefined });
    const ended = answers.whenEnded('turn', new AbortController().signal);
    running.remove('turn');
    await ended;
    expect(seen.states).toBe(0);
    await running.onModuleDestroy();
  });

  it('are polled for if they run in another process, with one read for all that wait', async () => {
    const { answers, seen } = answersWith({ states: ['open', 'open', 'captured'] });
    const { signal } = new AbortController();
    await Promise.all([1, 2, 3].map(() => answers.whenEnded('turn', signal)));
    expect(seen.states).toBe(3);
    await answers.whenEnded('turn', signal);
    expect(seen.states).toBe(4);
  });

  it('are polled for during a limited time', async () => {
    const { answers, seen } = answersWith({});
    await answers.whenEnded('turn', new AbortController().signal);
    const { states } = seen;
    expect(states).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen.states).toBe(states);
  });
});

describe('running answers', () => {
  it('keep nothing for a request that has stopped waiting', async () => {
    const answers = new RunningAnswers(NO_STOPS);
    answers.add({ ownerId: 'ada', turnId: 'turn', stop: () => undefined });
    const [left, stayed] = [new AbortController(), new AbortController()];
    const settledSignals: string[] = [];
    void answers.whenSettled('turn', left.signal)?.then(() => settledSignals.push('left'));
    const end = answers
      .whenSettled('turn', stayed.signal)
      ?.then(() => settledSignals.push('stayed'));
    left.abort();
    answers.remove('turn');
    await end;
    expect(settledSignals).toEqual(['stayed']);
    expect(answers.whenSettled('turn', stayed.signal)).toBeUndefined();
    await answers.onModuleDestroy();
  });
});
