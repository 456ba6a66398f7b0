/** Random choices that a seed repeats (mulberry32). */
export class SeededRandom {
  constructor(private state: number) {}

  /** Returns a number from 0, and less than 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Returns a whole number from 0, and less than `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(from: readonly T[]): T | undefined {
    return from[this.below(from.length)];
  }
}

/**
 * The seed of all random choices. It is fixed, so that a commit that passes once does not fail later by chance. Other
 * choices are tried with TEST_SEED.
 */
export const seed = Number(process.env['TEST_SEED'] ?? 20_260_101);

/** Runs a case with its own dice. A failure prints the seed. */
export const withSeededRandom =
  (run: (random: SeededRandom) => Promise<void>) => async (): Promise<void> => {
    try {
      await run(new SeededRandom(seed));
    } catch (error) {
      console.error(`failed with TEST_SEED=${String(seed)}`);
      throw error;
    }
  };
