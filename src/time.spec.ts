import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { dayOf, fromIso, monthOf, nowMicros, toIso } from './time.js';

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
    for (const text of ['0000-01-01T00:00:00.000000Z', '9999-12-31T23:59:59.000000Z'])
      expect(toIso(fromIso(text) ?? NaN)).toBe(text);
  });

  it.each([
    '',
    'today',
    '2025',
    '2025-8-19',
    '2025-02-31',
    '2025-13-01',
    '2025-08-19T25:00',
    '0000-01-01T00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '9999-12-31T24:00',
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

describe('the time zone of the machine', () => {
  it.each(['2025-08-19', '2025-08-19T00:00', '2025-08-19T00:00:00.000'])(
    'does not matter for %s',
    (text) => {
      const parse = jest.spyOn(Date, 'parse');
      fromIso(text);
      const parsed = parse.mock.calls.map(([words]) => words);
      parse.mockRestore();
      expect(parsed.length).toBeGreaterThan(0);
      // JavaScript reads a time without a zone as local time.
      for (const words of parsed) expect(words).toMatch(/Z$/);
    },
  );
});

describe('toIso', () => {
  it.each([
    [0, '1970-01-01T00:00:00.000000Z'],
    [5, '1970-01-01T00:00:00.000005Z'],
    [DAY + 86_399_999_999, '2025-08-19T23:59:59.999999Z'],
  ])('writes all six digits of %d', (moment, text) => {
    expect(toIso(moment)).toBe(text);
  });
});

describe('the days and months of a moment', () => {
  it.each([
    ['1970-01-01', 0, 1970 * 12],
    ['1970-01-02', 1, 1970 * 12],
    ['2025-08-31T23:59:59.999999', 20_331, 2025 * 12 + 7],
    ['2025-09-01', 20_332, 2025 * 12 + 8],
    ['2026-01-01', 20_454, 2026 * 12],
  ])('are counted from fixed points: %s', (text, day, month) => {
    const moment = fromIso(text) ?? NaN;
    expect([dayOf(moment), monthOf(moment)]).toEqual([day, month]);
  });
});

describe('nowMicros', () => {
  const mocks: { mockReturnValue(ms: number): unknown; mockRestore(): void }[] = [];
  afterEach(() => {
    for (const mock of mocks.splice(0)) mock.mockRestore();
  });

  const WALL_MS = Date.UTC(2026, 4, 31);

  it('adds the microseconds, and follows the clock of the machine when they differ by 5 ms', () => {
    const wall = jest.spyOn(Date, 'now');
    const elapsed = jest.spyOn(performance, 'now');
    mocks.push(wall, elapsed);
    const nowAt = (wallMs: number, elapsedMs: number) => {
      wall.mockReturnValue(wallMs);
      elapsed.mockReturnValue(elapsedMs);
      return nowMicros() - WALL_MS * 1000;
    };
    const later = [
      nowAt(WALL_MS, 1000),
      nowAt(WALL_MS, 1000.25),
      nowAt(WALL_MS, 1005),
      nowAt(WALL_MS, 1005.25),
      nowAt(WALL_MS + 3_600_000, 1006.25),
      nowAt(WALL_MS - 3_600_000, 1007.25),
      nowAt(WALL_MS - 3_600_000, 1002.25),
      nowAt(WALL_MS - 3_600_000, 1002),
    ];
    const hour = 3_600_000_000;
    expect(later).toEqual([0, 250, 5000, 0, hour, -hour, -hour - 5000, -hour]);
  });

  it('is the time of the machine', () => {
    expect(Math.abs(nowMicros() / 1000 - Date.now())).toBeLessThan(60_000);
  });
});
