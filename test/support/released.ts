import { afterEach, beforeEach } from '@jest/globals';

/** A helper of a spec that makes requests of the service wait. */
export interface Blocking {
  /** Called before each test, to save its settings. */
  remember(): void;
  /** Called after each test. Releases waiting requests and restores the settings. */
  release(): void;
}

const blocking = new Set<Blocking>();

/** Releases `one` after each test, so that a failed assertion cannot block later tests or the end of the file. */
export function releaseAfterEach(one: Blocking): void {
  blocking.add(one);
}

beforeEach(() => {
  for (const one of blocking) one.remember();
});
afterEach(() => {
  for (const one of blocking) one.release();
});
