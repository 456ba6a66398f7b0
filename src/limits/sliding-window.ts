import { TICKS_KEPT } from './policy.js';

/** The use of one key in the last ticks. Most keys have one tick, so only ticks with a count are stored. */
export class SlidingWindow {
  /** Pairs of a tick and its count, oldest first. */
  private readonly slices: number[] = [];
  private used = 0;

  /** Takes up to `wanted`, and returns the granted number. Ticks must not decrease. */
  take(tick: number, wanted: number, quota: number): number {
    this.forget(tick);
    const granted = Math.max(0, Math.min(wanted, quota - this.used));
    if (granted === 0) return 0;
    const { length } = this.slices;
    if (this.slices[length - 2] === tick)
      this.slices[length - 1] = (this.slices[length - 1] ?? 0) + granted;
    else this.slices.push(tick, granted);
    this.used += granted;
    return granted;
  }

  remaining(quota: number): number {
    return Math.max(0, quota - this.used);
  }

  /** The tick in which quota becomes free. Undefined if nothing is used. */
  get nextFreeTick(): number | undefined {
    const [oldest] = this.slices;
    return oldest === undefined ? undefined : oldest + TICKS_KEPT;
  }

  /** Checks whether the window has no quota left at this tick. */
  isFull(tick: number, quota: number): boolean {
    this.forget(tick);
    return this.used >= quota;
  }

  private forget(tick: number): void {
    while ((this.slices[0] ?? tick) <= tick - TICKS_KEPT) {
      const [, count = 0] = this.slices.splice(0, 2);
      this.used -= count;
    }
  }
}
