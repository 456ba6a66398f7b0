// Preloaded into the service by `--import`, so that the service itself needs nothing: writes its memory
// down once a second. The file to write stands in the address that this is loaded from. With
// `--expose-gc` every tenth sample is taken after a collection: what is in use then is what is kept.
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
