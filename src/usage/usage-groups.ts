/** The amount spent on one day, on one model, by one user, or with one credential. */
export interface UsageRow {
  readonly label: string | number | null;
  /** The id of the credential, if usage is grouped by credential. */
  readonly id?: string | null;
  readonly count: number;
  readonly amount: number;
}

/** Adds up the groups of several statements, each of which has read a part of the entries. */
export class UsageGroups {
  private readonly groups = new Map<string, UsageRow>();

  add(rows: readonly UsageRow[]): void {
    for (const { label, id = null, ...sums } of rows) {
      const key = JSON.stringify([label, id]);
      const { count = 0, amount = 0 } = this.groups.get(key) ?? {};
      this.groups.set(key, {
        label,
        id,
        count: count + sums.count,
        amount: amount + sums.amount,
      });
    }
  }

  /** Returns the groups by their label, then by their id. A missing label is first. */
  byLabel(): UsageRow[] {
    return [...this.groups.values()].sort(compareLabels);
  }

  /**
   * Returns the groups with the largest amounts, the largest first. It never sorts all groups, because there may be one
   * for each user, and sorting them would keep the event loop busy for too long.
   */
  largest(count: number): UsageRow[] {
    let largest: UsageRow[] = [];
    let last: UsageRow | undefined;
    for (const row of this.groups.values()) {
      if (last && compareAmounts(row, last) > 0) continue;
      largest.push(row);
      if (largest.length < 2 * count) continue;
      largest = largest.sort(compareAmounts).slice(0, count);
      last = largest.at(-1);
    }
    return largest.sort(compareAmounts).slice(0, count);
  }
}

const compareAmounts = (one: UsageRow, other: UsageRow): number =>
  other.amount - one.amount || compareLabels(one, other);

function compareLabels(one: UsageRow, other: UsageRow): number {
  return compare(one.label, other.label) || compare(one.id ?? null, other.id ?? null);
}

function compare(one: string | number | null, other: string | number | null): number {
  if (one === other) return 0;
  if (one === null || other === null) return one === null ? -1 : 1;
  return one < other ? -1 : 1;
}
