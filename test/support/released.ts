/** Something of a spec that keeps requests of the service waiting. */
export interface Blocking {
  /** Called before each test, to save its settings. */
  remember(): void;
  /** Called after each test. Releases waiting requests and restores the settings. */
  release(): void;
}

/** `runner/native.environment.js` finds it here: hooks of a module would be those of the first file that loads it. */
const REGISTRY = Symbol.for('tallychat.blocking');
const blocking = new Set<Blocking>();
Object.assign(globalThis, { [REGISTRY]: blocking });

/** Until the end of its file a failed assertion cannot leave `one` blocking the tests after it, or the end. */
export function releaseAfterEach(one: Blocking): void {
  blocking.add(one);
}
