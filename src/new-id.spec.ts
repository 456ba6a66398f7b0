import { describe, expect, it, jest } from '@jest/globals';
import { validate, version } from 'uuid';
import { UUID_PATTERN, newId } from './new-id.js';

/** The milliseconds since 1970 that an id contains. */
const timeOf = (id: string): number => Number.parseInt(id.replace('-', '').slice(0, 12), 16);

describe('newId', () => {
  it('makes UUIDs of version 7 with the time, each once and in order', () => {
    const pattern = new RegExp(`^${UUID_PATTERN}$`);
    const before = Date.now();
    const ids = Array.from({ length: 20_000 }, newId);
    const after = Date.now();
    expect(ids.filter((id) => !validate(id) || version(id) !== 7 || !pattern.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
    const times = ids.map(timeOf);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(before);
    expect(Math.max(...times)).toBeLessThanOrEqual(after);
  });

  it('follows the clock when it is set back', () => {
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now + 3_600_000);
    expect(timeOf(newId())).toBe(now + 3_600_000);
    clock.mockReturnValue(now + 3_600_000 - 500);
    expect(timeOf(newId())).toBe(now + 3_600_000);
    clock.mockReturnValue(now);
    expect(timeOf(newId())).toBe(now);
    clock.mockRestore();
  });

  it('leaves 42 bits of each id to chance', () => {
    const ends = Array.from({ length: 2000 }, () => Number.parseInt(newId().slice(-10), 16));
    expect(new Set(ends).size).toBe(ends.length);
    // Each bit of the last forty is set in about half of the ids.
    for (let bit = 0; bit < 40; bit += 1) {
      const set = ends.filter((end) => Math.floor(end / 2 ** bit) % 2 === 1).length;
      expect(Math.abs(set - 1000)).toBeLessThan(300);
    }
  });
});
