import { readFile } from 'node:fs/promises';
import { createHistogram } from 'node:perf_hooks';
import { Client } from 'undici';
import type { HttpRequest } from './driver.js';

/**
 * Sends requests as `wrk.lua` does, if wrk is not installed. The arguments are the URL, the file, connections and
 * seconds.
 */
const [url = '', path = '', connections = '1', seconds = '1'] = process.argv.slice(2);
const TIMEOUT_MS = 60_000;
const requests = JSON.parse(await readFile(path, 'utf8')) as HttpRequest[];

const counts = { answers: 0, refused: 0, broken: 0 };
/** In microseconds. */
const latencies = createHistogram();
let isOver = false;

async function send(client: Client, request: HttpRequest): Promise<void> {
  const startedAt = performance.now();
  try {
    const { statusCode, body } = await client.request({ ...request, body: request.body ?? null });
    await body.dump();
    latencies.record(Math.max(1, Math.round((performance.now() - startedAt) * 1000)));
    counts[statusCode >= 200 && statusCode < 300 ? 'answers' : 'refused'] += 1;
  } catch {
    // A request that is open at the end is cut, and counts as nothing.
    if (!isOver) counts.broken += 1;
  }
}

/** Keeps one connection busy with the requests in turn, beginning with number `start`. */
async function keepBusy(client: Client, start: number): Promise<void> {
  for (let n = start; !isOver; n += 1) {
    const request = requests[n % requests.length];
    if (request) await send(client, request);
  }
}

const startedAt = performance.now();
const clients = Array.from(
  { length: Number(connections) },
  () => new Client(url, { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS }),
);
setTimeout(
  () => {
    isOver = true;
    for (const client of clients) void client.destroy();
  },
  Number(seconds) * 1000,
);
// Each begins at another place in the list, so that requests that work only once are sent once.
await Promise.all(
  clients.map((client, n) => keepBusy(client, Math.floor((requests.length * n) / clients.length))),
);

const toMs = (percentile: number): number => latencies.percentile(percentile) / 1000;
const measured = {
  ...counts,
  seconds: (performance.now() - startedAt) / 1000,
  p50: toMs(50),
  p99: toMs(99),
};
process.stdout.write(`${JSON.stringify(measured)}\n`);
