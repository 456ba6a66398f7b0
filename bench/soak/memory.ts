import { readFile } from 'node:fs/promises';
import { median } from '../table.js';

/** What the probe wrote in one second. */
export interface Sample {
  readonly seconds: number;
  readonly rss: number;
  readonly heapUsed: number;
}

/** The second and third minute of ten, and the last. */
const EARLY = [0.1, 0.3] as const;
const LATE = [0.9, 1] as const;
/** More than the collector's own ups and downs. A kilobyte left behind by each request would be 30 MiB. */
const GROWTH_MAX = 0.1;

export async function readSamples(path: string): Promise<Sample[]> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Sample);
}

/** By how much the median of the last minute exceeds that of the second and third, and whether it may. */
export function growthOf(samples: readonly Sample[], figure: 'rss' | 'heapUsed') {
  const total = samples.at(-1)?.seconds ?? 0;
  const within = ([from, to]: readonly [number, number]) =>
    samples
      .filter(({ seconds }) => seconds >= from * total && seconds <= to * total)
      .map((sample) => sample[figure]);
  const [early, late] = [median(within(EARLY)), median(within(LATE))];
  const growth = late / early - 1;
  return { early, late, growth, isFlat: growth <= GROWTH_MAX };
}
