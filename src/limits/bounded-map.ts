/** Enough for the whole old generation to be checked before the next one takes its place. */
const CHECKS_PER_INSERT = 4;

/**
 * A map of at most `sizeMax` keys, in two generations. When the young generation has half of `sizeMax` keys, it becomes
 * the old one. The keys that were not used since the last such change are dropped. (A single Map that removes its
 * first keys would scan over the gaps of removed keys at each removal.)
 */
export class BoundedMap<Value> {
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();
  /** The old keys that were not checked yet. */
  private unchecked = this.old.entries();
  private keptCount = 0;
  private readonly youngMax: number;

  /** Values for which `isKept` is true are dropped last. They take at most a quarter of the map. */
  constructor(
    sizeMax: number,
    private readonly isKept: (value: Value) => boolean = () => false,
  ) {
    this.youngMax = Math.floor(sizeMax / 2);
  }

  get size(): number {
    return this.young.size + this.old.size;
  }

  get(key: string): Value | undefined {
    const young = this.young.get(key);
    if (young !== undefined) return young;
    const old = this.old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    this.old.delete(key);
    this.young.set(key, value);
    this.checkSomeOldKeys();
    if (this.young.size < this.youngMax) return;
    this.old = this.young;
    this.young = new Map();
    this.unchecked = this.old.entries();
    this.keptCount = 0;
  }

  /** Moves some old values that are kept to the young ones. To check all of them at once would block the event loop. */
  private checkSomeOldKeys(): void {
    for (let n = 0; n < CHECKS_PER_INSERT && this.keptCount * 2 < this.youngMax; n += 1) {
      const next = this.unchecked.next();
      if (next.done) return;
      const [key, value] = next.value;
      if (!this.isKept(value)) continue;
      this.old.delete(key);
      this.young.set(key, value);
      this.keptCount += 1;
    }
  }
}
