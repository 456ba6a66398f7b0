import { describe, expect, it } from '@jest/globals';
import { SlidingWindow } from './sliding-window.js';

const QUOTA = 5;

describe('SlidingWindow', () => {
  it('has its whole quota, and no tick to wait for, while nothing is used', () => {
    const window = new SlidingWindow();
    expect([window.remaining(QUOTA), window.nextFreeTick]).toEqual([QUOTA, undefined]);
    expect(window.isFull(100, QUOTA)).toBe(false);
  });

  it('is full when its quota is used, until the oldest part is eleven ticks old', () => {
    const window = new SlidingWindow();
    expect(window.take(100, QUOTA - 1, QUOTA)).toBe(QUOTA - 1);
    expect(window.isFull(100, QUOTA)).toBe(false);
    expect(window.take(103, 3, QUOTA)).toBe(1);
    expect(window.isFull(103, QUOTA)).toBe(true);
    expect(window.nextFreeTick).toBe(111);
    expect(window.isFull(110, QUOTA)).toBe(true);
    expect(window.isFull(111, QUOTA)).toBe(false);
    expect([window.remaining(QUOTA), window.nextFreeTick]).toEqual([QUOTA - 1, 114]);
  });

  it('does not count what it refuses', () => {
    const window = new SlidingWindow();
    window.take(100, QUOTA, QUOTA);
    expect(window.take(105, 1, QUOTA)).toBe(0);
    expect(window.take(111, 1, QUOTA)).toBe(1);
    expect([window.remaining(QUOTA), window.nextFreeTick]).toEqual([QUOTA - 1, 122]);
  });

  it('stores one count for each tick, so that a busy caller takes no more memory', () => {
    const window = new SlidingWindow();
    for (const tick of [100, 100, 100, 104, 104]) window.take(tick, 1, QUOTA);
    expect(window['slices']).toEqual([100, 3, 104, 2]);
  });
});
