import { readFile } from 'node:fs/promises';
import { median } from '../table.js';

/** What the probe wrote in one second. */
export interface Sample {
  readonly seconds: number;
  readonly rss: number;
  readonly heapUsed: number;
  /** Whether garbage was collected just before: then the heap in use is what is kept. */
  readonly isCollected: boolean;
}

export const FIGURES = [
  { name: 'RSS', colour: '#1f6feb', of: ({ rss }: Sample) => rss },
  { name: 'heap kept', colour: '#bc4c00', of: keptBy },
] as const;

/** The second and third minute of ten, and the last. */
const EARLY = [0.1, 0.3] as const;
const LATE = [0.9, 1] as const;
/** What is no leak has settled by the second minute: connections of a silent provider, kept too long, gave 0.15. */
const GROWTH_MAX = 0.05;

/** Undefined for a sample that has garbage in it. */
function keptBy({ heapUsed, isCollected }: Sample): number | undefined {
  return isCollected ? heapUsed : undefined;
}

export async function readSamples(path: string): Promise<Sample[]> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Sample);
}

/** By how much the median of the last minute exceeds that of the second and third, and whether it may. */
export function growthOf(samples: readonly Sample[], of: (sample: Sample) => number | undefined) {
  const total = samples.at(-1)?.seconds ?? 0;
  const within = ([from, to]: readonly [number, number]) =>
    samples
      .filter(({ seconds }) => seconds >= from * total && seconds <= to * total)
      .map(of)
      .filter((bytes) => bytes !== undefined);
  const [early, late] = [median(within(EARLY)), median(within(LATE))];
  const growth = late / early - 1;
  return { early, late, growth, isFlat: growth <= GROWTH_MAX };
}
