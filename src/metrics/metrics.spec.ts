import { describe, expect, it } from '@jest/globals';
import { Metrics } from './metrics.js';

describe('a gauge of the metrics', () => {
  it('is left out while its value is not read in time, and is read only once meanwhile', async () => {
    const metrics = new Metrics({ metricsPort: undefined });
    let answer: (value: number) => void = () => undefined;
    let reads = 0;
    const read = () => {
      reads += 1;
      return new Promise<number>((resolve) => {
        answer = resolve;
      });
    };
    metrics.addGauge('silent', 'The database does not answer.', read);
    metrics.addGauge('quick', 'Needs no database.', () => 7);
    const scrapes = [metrics.registry.metrics(), metrics.registry.metrics()];
    for (const text of await Promise.all(scrapes)) {
      expect(text).toContain('tallychat_quick 7\n');
      expect(text).not.toContain('\ntallychat_silent ');
    }
    expect(reads).toBe(1);
    const scrape = metrics.registry.metrics();
    answer(5);
    expect(await scrape).toContain('tallychat_silent 5\n');
    const next = metrics.registry.metrics();
    answer(6);
    expect(await next).toContain('tallychat_silent 6\n');
    expect(reads).toBe(2);
  });
});
