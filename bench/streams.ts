import { streamed } from './cases.js';
import type { Databases } from './database.js';
import { OPEN_COUNT, TimedModels, measureOpenStreams, openStreamsTable } from './open-streams.js';
import { payerAt } from './people.js';
import type { Plan } from './rounds.js';
import { ServerProcess } from './server-process.js';
import { filledDatabase, withServer, type Section } from './stage.js';
import { StreamClient, type StreamSeen } from './stream-client.js';
import { fixed, percentile, toTable, whole } from './table.js';
import { Upstream, delta, ending, openEvents, type Behaviour } from './upstream.js';

const WARM_COUNT = 100;
const QUICK_DELTAS = 200;

const HEADING = 'streams at once,first word p50 ms,p99 ms,events/s,broken'.split(',');

/** The results for one number of streams at once. */
interface StreamRow {
  readonly streams: number;
  readonly firstP50: number;
  readonly firstP99: number;
  readonly eventsPerSecond: number;
  readonly broken: number;
}

/** Answers with many pieces at once. */
const quick: Behaviour = (response) => {
  openEvents(response);
  response.end(delta('word ').repeat(QUICK_DELTAS) + ending(QUICK_DELTAS));
};

function toRow(streams: number, seen: readonly StreamSeen[], seconds: number): StreamRow {
  const firsts = seen.map(({ firstMs }) => firstMs).filter((ms) => !Number.isNaN(ms));
  return {
    streams,
    firstP50: percentile(firsts, 50),
    firstP99: percentile(firsts, 99),
    eventsPerSecond: seen.reduce((sum, { events }) => sum + events, 0) / seconds,
    broken: seen.filter(({ complete }) => !complete).length,
  };
}

const ask = (n: number, model: string) => streamed(payerAt(n), model);

/** Runs `count` streams at once for some seconds. Each ended stream is followed by the next. */
async function runQuick(client: StreamClient, count: number, seconds: number): Promise<StreamRow> {
  const seen: StreamSeen[] = [];
  const start = performance.now();
  const lane = async (n: number) => {
    while (performance.now() - start < seconds * 1000) {
      seen.push(await client.read(ask(n, 'quick')));
    }
  };
  await Promise.all(Array.from({ length: count }, (_, n) => lane(n)));
  return toRow(count, seen, (performance.now() - start) / 1000);
}

/** Measures streamed answers: the time to the first word, the rate of events, and the cost of open streams. */
export async function measureStreams(databases: Databases, plan: Plan): Promise<Section> {
  const models = new TimedModels();
  const upstream = await Upstream.start({ quick, ...models.behaviours });
  const url = await filledDatabase(databases);
  const settings = { ...upstream.settings, REQUESTS_PER_CALLER_MAX: String(2 * OPEN_COUNT) };
  const { rows, open } = await withServer(
    ServerProcess.service(url, { settings }),
    async (service) => {
      const client = new StreamClient(service.url);
      await runQuick(client, WARM_COUNT, plan.seconds);
      const measured: StreamRow[] = [];
      for (const count of plan.connections) {
        measured.push(await runQuick(client, count, plan.seconds));
      }
      client.close();
      const opened = await measureOpenStreams({ service, models, upstream });
      return { rows: measured, open: opened };
    },
  ).finally(() => upstream.stop());
  const cells = rows.map((row) => [
    String(row.streams),
    fixed(row.firstP50, 1),
    fixed(row.firstP99, 1),
    whole(row.eventsPerSecond),
    String(row.broken),
  ]);
  const table = `${toTable(HEADING, cells)}\n${openStreamsTable(open)}`;
  return { title: 'streamed chat', table, figures: [...rows, ...open] };
}
