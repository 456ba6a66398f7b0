// Loaded into the service with `--import`, so that the service needs no code for it. Writes the memory of the
// process to a file once a second. The URL of this module contains the path of the file. With `--expose-gc`, every
// tenth sample is taken after a garbage collection, so it contains only memory that is in use.
import { appendFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setInterval } from 'node:timers';

const EVERY_MS = 1000;
const path = new URL(import.meta.url).searchParams.get('to') ?? '';
const start = performance.now();
let samples = 0;

setInterval(() => {
  const isCollected = ++samples % 10 === 0;
  if (isCollected) globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const sample = { seconds: (performance.now() - start) / 1000, rss, heapUsed, isCollected };
  appendFileSync(path, `${JSON.stringify(sample)}\n`);
}, EVERY_MS).unref();
