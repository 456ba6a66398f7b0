import type { Config } from '../../config/config.js';
import { SECOND_MICROS, type Micros } from '../../time.js';

/** Returns how long a hold can stay open, in microseconds. After that the sweeper expires it. */
export const holdLifetime = ({
  answerTimeoutSeconds,
  holdLifetimeSeconds,
}: Pick<Config, 'answerTimeoutSeconds' | 'holdLifetimeSeconds'>): Micros =>
  (answerTimeoutSeconds + holdLifetimeSeconds) * SECOND_MICROS;
