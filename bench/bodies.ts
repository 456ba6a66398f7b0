import { setTimeout as sleep } from 'node:timers/promises';
import { balance } from './cases.js';
import type { Databases } from './database.js';
import { payerAt } from './people.js';
import { ServerProcess } from './server-process.js';
import { filledDatabase, withServer, type Section } from './stage.js';
import { fixed, toTable } from './table.js';

const MEBIBYTE = 2 ** 20;
const TRIES = 3;
const PAUSE_MS = 2;
const ANY_ID = '00000000-0000-7000-8000-000000000000';
const HEADING = ['body', 'route', 'longest wait of another client ms'];

const list = (item: string, count: number) => `[${Array<string>(count).fill(item).join(',')}]`;
const repeated = (unit: string) => unit.repeat(Math.floor(MEBIBYTE / unit.length) - 20);
const FIELDS = Array.from({ length: 19_000 }, (_, n) => `"field${String(n)}":0`).join(',');

/** Bodies that take much time to parse or to check. */
const BODIES: Readonly<Record<string, string>> = {
  '9,900 messages and items that are none': `{"model":"echo","messages":${list('[]', 9900)},"input":${list('[]', 9900)}}`,
  'an item of 19,000 unknown fields': `{"model":"echo","input":[{"role":"user","content":"x",${FIELDS}}]}`,
  'half a million numbers': list('0', 500_000),
  brackets: repeated('['),
  'a fraction of a megabyte': `{"amount":0.${'1'.repeat(MEBIBYTE - 20)}}`,
  'white space within': `{"message":"a${' '.repeat(MEBIBYTE - 20)}b"}`,
  'marks in a message': `{"message":"a${'\u0315'.repeat(49_000)}${'\u0316'.repeat(49_000)}"}`,
  'escaped halves of characters': `{"message":"${'\\ud800'.repeat(170_000)}"}`,
};

interface Blocked {
  readonly body: string;
  readonly route: string;
  readonly ms: number;
}

/** Returns the routes that take a body, from the service's own description. */
async function routesOf(url: string): Promise<{ method: string; path: string }[]> {
  const answer = await fetch(`${url}/api/schema/`);
  const { paths } = (await answer.json()) as { paths: Record<string, object> };
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations)
      .filter((method) => ['post', 'put', 'patch'].includes(method) && !path.includes('logout'))
      .map((method) => ({
        method: method.toUpperCase(),
        path: path.replaceAll(/\{\w+\}/g, ANY_ID),
      })),
  );
}

/** Sends the request, and returns the longest time in milliseconds that another client waits for an answer meanwhile. */
async function longestWait(url: string, ask: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  const request = { isOver: false };
  const bystander = async () => {
    while (!request.isOver) {
      const startedAt = performance.now();
      await (await fetch(`${url}/health/live`)).text();
      longest = Math.max(longest, performance.now() - startedAt);
      await sleep(PAUSE_MS);
    }
  };
  const waiting = bystander();
  await sleep(2 * PAUSE_MS);
  await ask();
  request.isOver = true;
  await waiting;
  return longest;
}

/** Measures how long one request of a megabyte keeps the service from all others: the best of three tries. */
export async function measureBodies(databases: Databases): Promise<Section> {
  const figures: Blocked[] = [];
  const headers = { ...balance(payerAt(0)).headers, 'content-type': 'application/json' };
  await withServer(ServerProcess.service(await filledDatabase(databases)), async ({ url }) => {
    const routes = await routesOf(url);
    for (const [body, text] of Object.entries(BODIES)) {
      for (const { method, path } of routes) {
        // A refusal may close the connection before all is sent.
        const ask = () =>
          fetch(url + path, { method, headers, body: text })
            .then((answer) => answer.text())
            .catch(() => undefined);
        let ms = Infinity;
        for (let n = 0; n < TRIES; n += 1) ms = Math.min(ms, await longestWait(url, ask));
        figures.push({ body, route: `${method} ${path}`, ms });
      }
    }
  });
  const worst = Object.keys(BODIES).flatMap(
    (body) => figures.filter((one) => one.body === body).sort((a, b) => b.ms - a.ms)[0] ?? [],
  );
  const rows = worst.map(({ body, route, ms }) => [body, route, fixed(ms, 1)]);
  return { title: 'a body of a megabyte', table: toTable(HEADING, rows), figures };
}
