import { afterEach, beforeEach } from '@jest/globals';

/** Something of a spec that keeps requests of the service waiting. */
export interface Blocking {
  /** Called before each test, to remember how it is set. */
  remember(): void;
  /** Called after each test: lets go of what still waits, and goes back to how it was set before. */
  release(): void;
}

const blocking = new Set<Blocking>();

/** From now on a failed assertion cannot leave `one` blocking the tests after it, or the end of the file. */
export function releaseAfterEach(one: Blocking): void {
  blocking.add(one);
}

beforeEach(() => {
  for (const one of blocking) one.remember();
});
afterEach(() => {
  for (const one of blocking) one.release();
});
