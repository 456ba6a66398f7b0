import { readFile } from 'node:fs/promises';
import { median } from '../table.js';

/** A sample that the probe wrote. */
export interface Sample {
  readonly seconds: number;
  readonly rss: number;
  readonly heapUsed: number;
  /** Whether it was taken after a garbage collection. Its heap then contains only memory that is in use. */
  readonly isCollected: boolean;
}

export const FIGURES = [
  { name: 'RSS', colour: '#1f6feb', of: ({ rss }: Sample) => rss },
  { name: 'heap kept', colour: '#bc4c00', of: heapAfterCollection },
] as const;

/** The parts of the run that are compared: of ten minutes, the second and third with the last. */
const EARLY = [0.1, 0.3] as const;
const LATE = [0.9, 1] as const;
/**
 * Maximum growth without a leak. A past leak, connections of a silent provider that were kept too long, gave 0.15.
 */
const GROWTH_MAX = 0.05;

/** Returns undefined for a sample that contains garbage. */
function heapAfterCollection({ heapUsed, isCollected }: Sample): number | undefined {
  return isCollected ? heapUsed : undefined;
}

export async function readSamples(path: string): Promise<Sample[]> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Sample);
}

/** Returns how much the late median exceeds the early one, and whether this is acceptable. */
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
