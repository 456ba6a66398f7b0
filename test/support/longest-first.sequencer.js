import { relative } from 'node:path';
import TestSequencer from '@jest/test-sequencer';
import { HEAVY_CASES, HEAVY_RUN } from './heavy.js';
import { START_ORDER } from './slowest.js';

const ORDER = [...START_ORDER, ...HEAVY_RUN, ...HEAVY_CASES];

/**
 * Starts the files in the order of the lists, so that no worker is idle while another one runs a long file at the end.
 */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const rank = ({ path, context }) => {
      const place = ORDER.indexOf(relative(context.config.rootDir, path));
      return place === -1 ? ORDER.length : place;
    };
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
}
