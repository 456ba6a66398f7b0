import { describe, expect, it } from '@jest/globals';
import { RefusalDelay } from './refusal-delay.js';

const WAITING_MAX = 50;

/** Lets some refusals wait, and returns the callers of those that were sent so far, in order. */
function stage() {
  const refusals = new RefusalDelay({ requestsMax: 5 * WAITING_MAX });
  const sent: string[] = [];
  const all: Promise<unknown>[] = [];
  const refuse = (caller: string, count: number) => {
    for (let n = 0; n < count; n += 1)
      all.push(refusals.wait(caller).then(() => sent.push(caller)));
  };
  return { refuse, sent, whenAllSent: () => Promise.all(all) };
}

const nextTurn = () => new Promise(setImmediate);

describe('RefusalDelay', () => {
  it('sends the refusals of all callers in turn, so that one does not wait for the many of another', async () => {
    const { refuse, sent, whenAllSent } = stage();
    refuse('flood', 30);
    refuse('honest', 1);
    refuse('other', 2);
    await whenAllSent();
    expect(sent).toHaveLength(33);
    expect(sent.slice(0, 3).sort()).toEqual(['flood', 'honest', 'other']);
    expect(sent.lastIndexOf('other')).toBeLessThan(6);
  });

  it('gives places of the caller with the most to others, if all are taken', async () => {
    const { refuse, sent, whenAllSent } = stage();
    refuse('flood', WAITING_MAX);
    await nextTurn();
    expect(sent).toEqual([]);
    // The flood itself gets no more places, and others do.
    refuse('flood', 3);
    await nextTurn();
    expect(sent).toEqual(['flood', 'flood', 'flood']);
    refuse('honest', 2);
    await nextTurn();
    expect(sent).toEqual(Array(5).fill('flood'));
    await whenAllSent();
    expect(sent.indexOf('honest')).toBeLessThan(9);
    expect(sent.filter((caller) => caller === 'flood')).toHaveLength(WAITING_MAX + 3);
  });

  it('shares the places among callers, so that a flood from many networks takes no more than them', async () => {
    const { refuse, sent, whenAllSent } = stage();
    for (let n = 0; n < WAITING_MAX; n += 1) refuse(`network ${String(n)}`, 1);
    // All have one. The next one has as many as the others only after it has waited, so it is sent at once.
    refuse('network 0', 1);
    await nextTurn();
    expect(sent).toEqual(['network 0']);
    await whenAllSent();
    expect(sent).toHaveLength(WAITING_MAX + 1);
  });
});
