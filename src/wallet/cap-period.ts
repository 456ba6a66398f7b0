import { dayOf, monthOf, nowMicros } from '../time.js';
import type { CapReset } from './spending-cap.entity.js';

/** Returns the current day and month, for a statement that does not know a cap's `reset`. */
export const periodsNow = (): [day: number, month: number] => {
  const now = nowMicros();
  return [dayOf(now), monthOf(now)];
};

/** Returns the current period for this `reset`. */
export function periodOf(reset: CapReset): number {
  const [day, month] = periodsNow();
  if (reset === null) return 0;
  return reset === 'daily' ? day : month;
}

/** SQL: the current period of a cap. `day` and `month` name the parameters with the current day and month. */
const period = (day: string, month: string) =>
  `CASE reset WHEN 'daily' THEN CAST(${day} AS bigint) WHEN 'monthly' THEN CAST(${month} AS bigint) ELSE 0 END`;

/**
 * SQL: the amount spent in the current period, or in the next one: another process may be past midnight
 * already. A counter of any other period counts as 0, so no job has to reset it.
 */
export const spentIn = (day: string, month: string) =>
  `CASE WHEN spent_period - (${period(day, month)}) IN (0, 1) THEN spent_amount ELSE 0 END`;

/** SQL: the period of the counter after the statement. It never goes back. */
export const periodCounted = (day: string, month: string) =>
  `CASE WHEN spent_period - (${period(day, month)}) = 1 THEN spent_period ELSE ${period(day, month)} END`;

/** SQL: whether the cap has room for the amount. Every statement that spends under a cap contains this condition. */
export const capHasRoom = (amount: string, day: string, month: string) =>
  `(limit_amount IS NULL OR ${spentIn(day, month)} + held + ${amount} <= limit_amount)`;
