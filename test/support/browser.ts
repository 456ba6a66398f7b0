import { existsSync } from 'node:fs';
import { describe } from '@jest/globals';
import { chromium, type Browser } from 'playwright-core';

/** Chromium without a window, which takes a third less CPU, and the whole browser. */
const PROGRAMS = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];
const program = PROGRAMS.find((path) => existsSync(path)) ?? '';
if (program === '') {
  console.warn(`skipped: pages in a browser, because ${PROGRAMS.join(' and ')} are missing`);
}

/** `describe` for specs that need a browser. They are skipped without one. */
export const inBrowser = program !== '' ? describe : describe.skip;

/** How long a spec waits for something on a page. On an idle machine it appears within a second. */
export const PAGE_WAIT_MS = 45_000;

/** Flags for Chromium as root in a closed network: no sandbox, and no requests to its vendor. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Opens a new browser. The caller closes it. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: program, args: FLAGS });
}
