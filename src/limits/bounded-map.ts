/**
 * A map of at most `sizeMax` keys, in two generations. When the young generation reaches half of that, it becomes
 * the old one, and the keys that were not used since the last change are dropped. (A single Map that removes its
 * first keys would scan over the gaps of removed keys at each removal.)
 */
export class BoundedMap<Value> {
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();
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
    if (this.young.size < this.youngMax) return;
    const kept = new Map<string, Value>();
    for (const [key, value] of this.old) {
      if (kept.size * 2 >= this.youngMax) break;
      if (this.isKept(value)) kept.set(key, value);
    }
    this.old = this.young;
    this.young = kept;
  }
}
