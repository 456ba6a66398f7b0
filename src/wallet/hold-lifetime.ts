import type { Config } from '../config/config.js';
import { SECOND_MICROS, type Micros } from '../time.js';

/** How long a hold waits for its answer, in microseconds; after that the sweeper gives it back. */
export const holdLifetime = ({
  answerTimeoutSeconds,
  holdLifetimeSeconds,
}: Pick<Config, 'answerTimeoutSeconds' | 'holdLifetimeSeconds'>): Micros =>
  (answerTimeoutSeconds + holdLifetimeSeconds) * SECOND_MICROS;
