import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { StrangerNetworks } from './stranger-networks.js';

describe('StrangerNetworks', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const networksOf = (strangers: StrangerNetworks) => strangers['tried'].size;

  it('gives the first try of a network the line of new ones, and the next ones the other line', () => {
    const strangers = new StrangerNetworks();
    expect(
      ['10.0.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.1'].map((n) => strangers.lineFor(n)),
    ).toEqual(['new', 'recent', 'new', 'recent']);
  });

  it('forgets a network after ten minutes', () => {
    const now = jest.spyOn(performance, 'now').mockReturnValue(1000);
    const strangers = new StrangerNetworks();
    strangers.lineFor('10.0.0.1');
    now.mockReturnValue(1000 + 600_000 - 1);
    expect(strangers.lineFor('10.0.0.1')).toBe('recent');
    now.mockReturnValue(1000 + 600_000);
    expect(strangers.lineFor('10.0.0.1')).toBe('new');
  });

  it('keeps at most 50,000 networks, however many try', () => {
    const strangers = new StrangerNetworks();
    let most = 0;
    for (let n = 0; n < 120_000; n += 1) {
      strangers.lineFor(`network ${String(n)}`);
      most = Math.max(most, networksOf(strangers));
    }
    expect(most).toBe(50_000);
  });
});
