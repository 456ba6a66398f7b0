/**
 * A map of `sizeMax` keys at most, in two generations. Once the young one is half of that, it becomes the old
 * one, and what nobody has asked for since the last time is forgotten. (One Map that is emptied from its front
 * would be walked over its gaps at each removal.)
 */
export class BoundedMap<Value> {
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();
  private readonly youngMax: number;

  /** What `isKept` holds on to goes last: up to a quarter of all. */
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
