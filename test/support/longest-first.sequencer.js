import { relative } from 'node:path';
import TestSequencer from '@jest/test-sequencer';
import { SLOWEST_FIRST } from './slowest.js';

/** Starts the longest files first, so that no worker is idle while another one runs a long file at the end. */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const rank = ({ path, context }) => {
      const place = SLOWEST_FIRST.indexOf(relative(context.config.rootDir, path));
      return place === -1 ? SLOWEST_FIRST.length : place;
    };
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
}
