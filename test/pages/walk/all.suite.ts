import { afterAll, beforeAll } from '@jest/globals';
import { inBrowser } from '../../support/browser.js';
import { DATABASES, Walk } from '../../support/walk.js';
import { account } from './account.suite.js';
import { conversation } from './conversation.suite.js';
import { keeping } from './keeping.suite.js';
import { reading } from './reading.suite.js';
import { staffConsole } from './console.suite.js';
import { stop } from './stop.suite.js';

/** All that people do on the page, on one screen: each suite begins with an empty database. */
export const walkThrough = (screen: 'small' | 'wide'): void => {
  inBrowser(`the page on a ${screen} screen, with ${DATABASES[screen]}`, () => {
    let walk: Walk;
    beforeAll(async () => {
      walk = await Walk.begin(screen);
    });
    afterAll(() => walk.end());
    for (const suite of [conversation, reading, stop, keeping, account, staffConsole])
      suite(() => walk);
  });
};
