import { dayOf, monthOf, nowMicros } from '../time.js';
import type { CapReset } from './spending-cap.entity.js';

/** The two periods that it is now, for a statement that does not know a cap's `reset`. */
export const periodsNow = (): [day: number, month: number] => {
  const now = nowMicros();
  return [dayOf(now), monthOf(now)];
};

/** The period that it is now for this `reset`. */
export function periodOf(reset: CapReset): number {
  const [day, month] = periodsNow();
  if (reset === null) return 0;
  return reset === 'daily' ? day : month;
}

/** SQL: the period that it is now, where `day` and `month` are it. */
const period = (day: string, month: string) =>
  `CASE reset WHEN 'daily' THEN CAST(${day} AS bigint) WHEN 'monthly' THEN CAST(${month} AS bigint) ELSE 0 END`;

/**
 * SQL: what was spent in the period, or in the next: another process may be past midnight already. The counter
 * of any other period counts as nothing, so that no job has to reset it.
 */
export const spentIn = (day: string, month: string) =>
  `CASE WHEN spent_period - (${period(day, month)}) IN (0, 1) THEN spent_amount ELSE 0 END`;

/** SQL: the period that the counter is of afterwards. It does not go back. */
export const periodCounted = (day: string, month: string) =>
  `CASE WHEN spent_period - (${period(day, month)}) = 1 THEN spent_period ELSE ${period(day, month)} END`;

/** SQL: whether the cap leaves room for the amount. Every statement that spends by a cap has it. */
export const leavesRoom = (amount: string, day: string, month: string) =>
  `(limit_amount IS NULL OR ${spentIn(day, month)} + held + ${amount} <= limit_amount)`;
