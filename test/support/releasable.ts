/** A helper of a spec that makes requests of the service wait. */
export interface Releasable {
  /** Called before each test, to save its settings. */
  remember(): void;
  /** Called after a failed test. Returns errors that the service has hidden from it. */
  faults?(): unknown[];
  /** Called after each test. Releases waiting requests and restores the settings. */
  release(): void;
}

/** Where `runner/native.environment.js` finds them. Hooks of this module would only belong to the first file that loads it. */
const REGISTRY = Symbol.for('tallychat.blocking');
const releasables = new Set<Releasable>();
Object.assign(globalThis, { [REGISTRY]: releasables });

/** Releases `one` after each test of its file, so that a failed assertion cannot block later tests or the end of the file. */
export function releaseAfterEach(one: Releasable): void {
  releasables.add(one);
}
