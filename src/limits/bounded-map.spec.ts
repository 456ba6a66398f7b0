import { describe, expect, it } from '@jest/globals';
import { BoundedMap } from './bounded-map.js';

const numbers = (count: number, first = 0) => Array.from({ length: count }, (_, n) => first + n);

/** Sets the numbers as keys with the same values. */
function add(map: BoundedMap<number>, keys: readonly number[]): void {
  for (const key of keys) map.set(String(key), key);
}

/** Returns those of the keys that are still there. Asks for each of them, which counts as a use. */
const keysIn = (map: BoundedMap<number>, keys: readonly number[]) =>
  keys.filter((key) => map.get(String(key)) === key);

describe('BoundedMap', () => {
  it('returns the last value of a key, and undefined for an unknown key', () => {
    const map = new BoundedMap<number>(4);
    map.set('a', 1);
    map.set('b', 2);
    map.set('a', 3);
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([3, 2, undefined]);
    expect(map.size).toBe(2);
  });

  it('drops keys that were not used lately, and no others', () => {
    const map = new BoundedMap<number>(4);
    map.set('a', 1);
    map.set('b', 2);
    expect(map.get('a')).toBe(1);
    map.set('c', 3);
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
  });

  it('never has more keys than its maximum, and at least half as many', () => {
    const map = new BoundedMap<number>(41);
    const sizes = numbers(500).map((key) => {
      add(map, [key]);
      return map.size;
    });
    expect(sizes.slice(0, 20)).toEqual(numbers(20, 1));
    expect(Math.max(...sizes)).toBe(39);
    expect(Math.min(...sizes.slice(20))).toBe(20);
  });

  it('drops values that are kept after all others', () => {
    const map = new BoundedMap<number>(40, (value) => value % 10 === 0);
    add(map, numbers(100));
    expect(keysIn(map, numbers(30))).toEqual([0, 10, 20]);
  });

  it('keeps at most a quarter of the map in this way', () => {
    const map = new BoundedMap<number>(40, (value) => value < 20);
    add(map, numbers(20));
    add(map, numbers(20, 100));
    expect(map.size).toBeLessThanOrEqual(40);
    expect(keysIn(map, numbers(20))).toHaveLength(10);
  });

  it('checks at most four old keys in one call, so that a million addresses do not block others', () => {
    let checks = 0;
    const map = new BoundedMap<number>(10_000, () => {
      checks += 1;
      return false;
    });
    let most = 0;
    for (const key of numbers(30_000)) {
      const before = checks;
      add(map, [key]);
      most = Math.max(most, checks - before);
    }
    // Each key was checked once, except those of the last generations.
    expect(checks).toBe(25_000);
    expect(most).toBe(4);
  });
});
