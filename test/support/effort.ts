const efforts = ['light', 'full'] as const;
type Effort = (typeof efforts)[number];

const asked = process.env['TEST_EFFORT'] ?? 'light';

/** How much the heavy specs do. A light run covers the same code with fewer repetitions of it. */
const effort = efforts.find((known) => known === asked) ?? 'light';
if (effort !== asked) throw new Error(`TEST_EFFORT is light or full, not ${asked}`);

export const isFull = effort === 'full';

/** The amount for this run's effort: what `npm test` does, and what `TEST_EFFORT=full` does. */
export const byEffort = <Amount>(amounts: Readonly<Record<Effort, Amount>>): Amount =>
  amounts[effort];
