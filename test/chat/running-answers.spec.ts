import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { RunningAnswers } from '../../src/chat/running-answers.js';
import { DatabaseBusy } from '../../src/errors.js';
import type { HoldStops } from '../../src/wallet/holds/hold-stops.js';
import { captureLog } from '../support/captured-log.js';
import { captureTimer } from '../support/captured-timer.js';

const NEVER = new AbortController().signal;

describe('the answers that run in a process', () => {
  const timer = captureTimer(250);
  const logged = captureLog();
  let running: RunningAnswers;
  let stopped: string[];
  let polls: { resolve: (turnIds: string[]) => void; reject: (error: Error) => void }[];

  beforeEach(() => {
    [stopped, polls] = [[], []];
    const requestedStops = () =>
      new Promise<string[]>((resolve, reject) => polls.push({ resolve, reject }));
    running = new RunningAnswers({ requestedStops } as unknown as HoldStops);
  });

  const add = (...turnIds: string[]) => {
    for (const turnId of turnIds)
      running.add({ ownerId: 'ada', turnId, stop: () => stopped.push(turnId) });
  };
  /** Waits for the end of an answer, and returns whether it has come. */
  const wait = (turnId: string, signal = NEVER) => {
    const seen = { isSettled: false };
    void running.whenSettled(turnId, signal)?.then(() => (seen.isSettled = true));
    return seen;
  };

  it('are stopped by their owner alone', () => {
    add('one', 'two');
    expect(running.stop('bob', 'one')).toBe(false);
    expect(running.stop('ada', 'three')).toBe(false);
    expect(stopped).toEqual([]);
    expect(running.stop('ada', 'one')).toBe(true);
    expect(stopped).toEqual(['one']);
    running.remove('one');
    expect(running.stop('ada', 'one')).toBe(false);
    expect(stopped).toEqual(['one']);
  });

  it('tell all that wait for their end, and nobody else', async () => {
    add('one', 'two');
    expect(running.whenSettled('three', NEVER)).toBeUndefined();
    const [first, second, other] = [wait('one'), wait('one'), wait('two')];
    running.remove('one');
    await setImmediate();
    expect([first, second, other].map(({ isSettled }) => isSettled)).toEqual([true, true, false]);
    expect(running.whenSettled('one', NEVER)).toBeUndefined();
    running.remove('two');
    await setImmediate();
    expect(other.isSettled).toBe(true);
  });

  it('do not resolve for a caller who left, and keep nothing for the caller', async () => {
    add('one');
    const leaving = new AbortController();
    const [left, stays] = [wait('one', leaving.signal), wait('one')];
    leaving.abort();
    expect(running['waiting'].get('one')?.size).toBe(1);
    running.remove('one');
    await setImmediate();
    expect([left.isSettled, stays.isSettled]).toEqual([false, true]);
    expect(running['waiting'].size).toBe(0);
    add('two');
    const last = new AbortController();
    wait('two', last.signal);
    last.abort();
    expect(running['waiting'].size).toBe(0);
  });

  it('are polled for stops while there are any, one poll at a time', async () => {
    expect(timer.isRunning).toBe(false);
    add('one', 'two');
    expect([timer.isRunning, polls.length]).toEqual([true, 0]);
    timer.tick();
    timer.tick();
    expect(polls).toHaveLength(1);
    polls[0]?.resolve(['of another process', 'two']);
    await setImmediate();
    expect(stopped).toEqual(['two']);
    timer.tick();
    expect(polls).toHaveLength(2);
    polls[1]?.resolve([]);
    running.remove('two');
    expect(timer.isRunning).toBe(true);
    running.remove('one');
    expect(timer.isRunning).toBe(false);
    add('three');
    expect(timer.isRunning).toBe(true);
  });

  it('are polled again after a poll that failed, which is logged unless the database is away', async () => {
    add('one');
    timer.tick();
    polls[0]?.reject(new DatabaseBusy());
    await setImmediate();
    expect(logged).toEqual([]);
    const err = new Error('no such table');
    timer.tick();
    polls[1]?.reject(err);
    await setImmediate();
    const words = 'the poll for stops failed; the next one tries again';
    expect(logged).toEqual([['warn', 'RunningAnswers', { err }, words]]);
    timer.tick();
    polls[2]?.resolve(['one']);
    await setImmediate();
    expect(stopped).toEqual(['one']);
  });

  it('are not polled after the end of the process, which waits for the last poll', async () => {
    add('one');
    timer.tick();
    let hasEnded = false;
    const ending = running.onModuleDestroy().then(() => (hasEnded = true));
    expect(timer.isRunning).toBe(false);
    await setImmediate();
    expect(hasEnded).toBe(false);
    polls[0]?.resolve([]);
    await ending;
    await running.onModuleDestroy();
    expect(polls).toHaveLength(1);
  });
});
