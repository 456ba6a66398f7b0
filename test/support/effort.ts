const efforts = ['light', 'full'] as const;
type Effort = (typeof efforts)[number];

const asked = process.env['TEST_EFFORT'] ?? 'light';

/** The effort of heavy specs. A light run covers the same code with fewer repetitions. */
const effort = efforts.find((known) => known === asked) ?? 'light';
if (effort !== asked) throw new Error(`TEST_EFFORT is light or full, not ${asked}`);

export const isFull = effort === 'full';

/** Returns the amount for this run: `light` for `npm test`, `full` for `TEST_EFFORT=full`. */
export const byEffort = <Amount>(amounts: Readonly<Record<Effort, Amount>>): Amount =>
  amounts[effort];
