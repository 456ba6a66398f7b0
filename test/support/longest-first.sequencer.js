import { relative } from 'node:path';
import TestSequencer from '@jest/test-sequencer';
import { HEAVY_RUN } from './heavy.js';
import { SLOWEST_FIRST } from './slowest.js';

const ORDER = [...HEAVY_RUN, ...SLOWEST_FIRST];

/**
 * Starts heavy files in the order of their list, then the longest of the others, so that no worker is idle while another
 * one runs a long file at the end.
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
