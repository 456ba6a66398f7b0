import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach } from '@jest/globals';
import { TEST_TIMEOUT_MS } from './test-timeout.js';

const DAY_MS = 86_400_000;

/**
 * Keeps each case of the `describe` block within one day (UTC), because sums and limits of a day start again at
 * midnight. A case that could run past midnight begins after it. One that takes longer than `caseMaxMs` fails anyway.
 */
export function keepWithinOneDay(caseMaxMs = TEST_TIMEOUT_MS): void {
  beforeEach(async () => {
    const endsAt = Math.floor((Date.now() + caseMaxMs) / DAY_MS) * DAY_MS;
    // A timer may fire a little before the clock shows its time.
    while (Date.now() < endsAt) await sleep(endsAt - Date.now());
  }, 2 * caseMaxMs);
}
