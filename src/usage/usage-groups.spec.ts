import { describe, expect, it } from '@jest/globals';
import { durationOf } from '../../test/support/blocking.js';
import { UsageGroups, type UsageRow } from './usage-groups.js';

const row = (label: string | null, amount: number): UsageRow => ({ label, count: 1, amount });

describe('the largest groups of a usage', () => {
  it('are those of a sort of all groups, for any order of the amounts', () => {
    const orders = [
      (n: number) => n,
      (n: number) => 100 - n,
      (n: number) => (n * 37) % 101,
      (n: number) => n % 3,
      () => 7,
    ];
    for (const amountOf of orders) {
      const rows = Array.from({ length: 100 }, (_, n) => row(`user${String(n)}`, amountOf(n)));
      const groups = new UsageGroups();
      groups.add(rows.slice(0, 60));
      groups.add(rows.slice(60));
      const sorted = rows.toSorted(
        (one, other) =>
          other.amount - one.amount || (String(one.label) < String(other.label) ? -1 : 1),
      );
      for (const count of [1, 10, 99, 1000])
        expect(groups.largest(count)).toMatchObject(sorted.slice(0, count));
    }
  });

  it('have the sums of all statements, and the missing label before others of the same amount', () => {
    const groups = new UsageGroups();
    groups.add([row('a', 1), row('b', 3), row(null, 5)]);
    groups.add([row('a', 4), row('c', 4)]);
    expect(groups.largest(3)).toEqual([
      { label: null, id: null, count: 1, amount: 5 },
      { label: 'a', id: null, count: 2, amount: 5 },
      { label: 'c', id: null, count: 1, amount: 4 },
    ]);
  });

  it('are found in a small part of the time that a sort of all groups takes', () => {
    const rows = Array.from({ length: 100_000 }, (_, n) =>
      row(`user${String(n)}`, (n * 7919) % 100_003),
    );
    const groups = new UsageGroups();
    groups.add(rows);
    const fastestMs = (work: () => unknown) => Math.min(...[1, 2, 3].map(() => durationOf(work)));
    const sortMs = fastestMs(() => rows.toSorted((one, other) => other.amount - one.amount));
    const largestMs = fastestMs(() => groups.largest(1000));
    expect(largestMs).toBeLessThan(sortMs / 2);
  });
});
