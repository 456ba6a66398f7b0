import { afterAll, beforeAll } from '@jest/globals';
import { inBrowser } from '../../support/browser.js';
import { isFull } from '../../support/effort.js';
import { DATABASES, Walk } from '../../support/walk.js';
import { account } from './account.suite.js';
import { conversation } from './conversation.suite.js';
import { keeping } from './keeping.suite.js';
import { logins } from './logins.suite.js';
import { reading } from './reading.suite.js';
import { staffConsole } from './console.suite.js';
import { stop } from './stop.suite.js';

/** Suites of views that a small screen can cut off or push off the screen. */
const VIEWS = [conversation, keeping, account, staffConsole];
/** Suites that do not depend on the size of the screen. */
const BEHAVIOURS = [logins, reading, stop];

/** The suites of each screen. A light run tries each suite on one screen only. */
const SUITES = {
  small: isFull ? [...VIEWS, ...BEHAVIOURS] : VIEWS,
  wide: isFull ? [...VIEWS, ...BEHAVIOURS] : BEHAVIOURS,
};

/** Runs the suites of one screen. Each suite begins with an empty database. */
export const walkThrough = (screen: 'small' | 'wide'): void => {
  inBrowser(`the page on a ${screen} screen, with ${DATABASES[screen]}`, () => {
    let walk: Walk;
    beforeAll(async () => {
      walk = await Walk.begin(screen);
    });
    afterAll(() => walk.end());
    for (const suite of SUITES[screen]) suite(() => walk);
  });
};
