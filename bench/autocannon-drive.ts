import { readFile } from 'node:fs/promises';
import autocannon from 'autocannon';
import type { HttpRequest } from './driver.js';

/**
 * Sends requests as `wrk.lua` does, if wrk is not installed. The arguments are the URL, the file, connections and
 * seconds.
 */
const [url = '', path = '', connections = '1', seconds = '1'] = process.argv.slice(2);
const requests = JSON.parse(await readFile(path, 'utf8')) as HttpRequest[];
let clients = 0;

const result = await autocannon({
  url,
  connections: Number(connections),
  duration: Number(seconds),
  timeout: 60,
  // Each connection starts at another place in the list, so that requests that work only once are sent once.
  setupClient: (client) => {
    const start = Math.floor((requests.length * clients++) / Number(connections));
    client.setRequests([...requests.slice(start), ...requests.slice(0, start)]);
  },
});
const measured = {
  answers: result['2xx'],
  seconds: result.duration,
  refused: result.non2xx,
  broken: result.errors,
  p50: result.latency.p50,
  p99: result.latency.p99,
};
process.stdout.write(`${JSON.stringify(measured)}\n`);
