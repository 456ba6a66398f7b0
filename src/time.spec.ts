import { afterEach, describe, expect, it } from '@jest/globals';
import { fromIso, nowMicros, toIso } from './time.js';

const DAY = Date.UTC(2025, 7, 19) * 1000;

describe('fromIso', () => {
  it.each([
    ['2025-08-19', 0],
    ['2025-08-19T00:00', 0],
    ['2025-08-19 00:00:01', 1_000_000],
    ['2025-08-19T00:00:01Z', 1_000_000],
    ['2025-08-19T00:00:01.5Z', 1_500_000],
    ['2025-08-19T00:00:00.123456z', 123_456],
    ['2025-08-19T02:00:00+02:00', 0],
    ['2025-08-18T22:30:00-01:30', 0],
    ['2025-08-19T02:00:00 02:00', 0],
    ['2025-08-19T00:00:00.1234567+00:00', 123_456],
    ['2025-08-19T00:00:00.123456999Z', 123_456],
  ])('reads %s', (text, offset) => {
    expect(fromIso(text)).toBe(DAY + offset);
  });

  it('reads what toIso writes', () => {
    expect(fromIso(toIso(DAY + 987_654))).toBe(DAY + 987_654);
  });

  it.each([
    '',
    'today',
    '2025',
    '2025-8-19',
    '2025-02-31',
    '2025-13-01',
    '2025-08-19T25:00',
    '2025-08-19T00:00:61',
    '2025-08-19T00:00:00.1234567890123',
    '2025-08-19T00:00:00  02:00',
    '2025-08-19 02:00 ',
    '19/08/2025',
    '1755561600',
    '2025-08-19\0',
    ' 2025-08-19',
  ])('refuses %p', (text) => {
    expect(fromIso(text)).toBeUndefined();
  });
});

describe('nowMicros', () => {
  const now = Date.now.bind(Date);
  afterEach(() => {
    Date.now = now;
  });

  it.each([3_600_000, -3_600_000])(
    'follows the clock of the machine when that is set by %i ms',
    (by) => {
      const distanceMs = () => Math.abs(nowMicros() / 1000 - Date.now());
      expect(distanceMs()).toBeLessThan(60_000);
      Date.now = () => now() + by;
      expect(distanceMs()).toBeLessThan(60_000);
      Date.now = now;
      expect(distanceMs()).toBeLessThan(60_000);
    },
  );

  it('returns different moments within one millisecond', () => {
    const moments = Array.from({ length: 1000 }, () => nowMicros());
    expect(new Set(moments.map((moment) => moment % 1000)).size).toBeGreaterThan(1);
  });
});
