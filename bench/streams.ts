import { setTimeout as sleep } from 'node:timers/promises';
import { streamed } from './cases.js';
import type { Databases } from './database.js';
import { payerAt } from './people.js';
import type { Plan } from './rounds.js';
import { ServerProcess } from './server-process.js';
import { filledDatabase, withServer, type Section } from './stage.js';
import { StreamClient, type StreamSeen } from './stream-client.js';
import { fixed, percentile, toTable, whole } from './table.js';
import { Upstream, delta, ending, openEvents, type Behaviour } from './upstream.js';

const OPEN_COUNT = 1000;
/**
 * Time between two opened streams, so that the first words measure an open stream and not a crowd of new requests.
 */
const OPEN_EVERY_MS = 10;
const WARM_COUNT = 100;
const QUICK_DELTAS = 200;
const MIB = 2 ** 20;

/** How long all streams get one word a second while the service's CPU time is measured. */
const MEASURED_MS = 5000;
const WORD_EVERY_MS = 1000;

const HEADING = 'streams at once,first word p50 ms,p99 ms,events/s,broken'.split(',');
const OPEN_HEADING =
  'streams open,KiB of each,CPU ms of each a second,first word after its model p50 ms,p99 ms,broken'.split(
    ',',
  );

/** The results for one number of streams at once. */
interface StreamRow {
  readonly streams: number;
  readonly firstP50: number;
  readonly firstP99: number;
  readonly eventsPerSecond: number;
  readonly broken: number;
}

/** The cost of streams that were open at once and had one word a second each. */
interface OpenRow {
  readonly bytesPerStream: number;
  /** CPU time in one second. */
  readonly cpuMsPerStream: number;
  /** Time from when the model writes its first word to when the word arrives. */
  readonly behindP50: number;
  readonly behindP99: number;
  readonly broken: number;
}

/** Answers with many pieces at once. */
const quick: Behaviour = (response) => {
  openEvents(response);
  response.end(delta('word ').repeat(QUICK_DELTAS) + ending(QUICK_DELTAS));
};

/** Answers with one word a second, which contains its time, until `stop` resolves. */
const wordEverySecond =
  (stop: Promise<void>): Behaviour =>
  async (response) => {
    openEvents(response);
    const sendWord = () => response.write(delta(`at ${String(performance.now())} `));
    sendWord();
    const timer = setInterval(sendWord, WORD_EVERY_MS);
    await stop;
    clearInterval(timer);
    response.end(ending(1));
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

/** Returns the time since the model wrote a word, from the time that the word contains. */
function delayOf(text: string): number {
  const [, at] = /at ([\d.]+) /.exec(text) ?? [];
  return performance.now() - Number(at);
}

/** Runs many streams at once for some seconds, and measures what each of them costs. */
async function runOpen(
  client: StreamClient,
  service: ServerProcess,
  stop: () => void,
): Promise<OpenRow> {
  const before = await service.residentBytes();
  const delays: number[] = [];
  const streams: Promise<StreamSeen>[] = [];
  for (let n = 0; n < OPEN_COUNT; n += 1) {
    streams.push(client.read(ask(n, 'wordEverySecond'), (_, text) => delays.push(delayOf(text))));
    await sleep(OPEN_EVERY_MS);
  }
  const deadline = performance.now() + 10_000;
  while (delays.length < OPEN_COUNT && performance.now() < deadline) await sleep(100);
  const [bytes, cpuMs] = [(await service.residentBytes()) - before, await service.cpuMs()];
  await sleep(MEASURED_MS);
  const spentMs = (await service.cpuMs()) - cpuMs;
  stop();
  const seen = await Promise.all(streams);
  return {
    bytesPerStream: before > 0 ? bytes / OPEN_COUNT : NaN,
    cpuMsPerStream: (spentMs / OPEN_COUNT) * (1000 / MEASURED_MS),
    behindP50: percentile(delays, 50),
    behindP99: percentile(delays, 99),
    broken: seen.filter(({ complete }) => !complete).length,
  };
}

/** Measures streamed answers: the time to the first word, the rate of events, and the cost of open streams. */
export async function measureStreams(databases: Databases, plan: Plan): Promise<Section> {
  let stop = (): void => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const upstream = await Upstream.start({ quick, wordEverySecond: wordEverySecond(stopped) });
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
      const last = await runOpen(client, service, stop);
      client.close();
      return { rows: measured, open: last };
    },
  ).finally(() => upstream.stop());
  const cells = rows.map((row) => [
    String(row.streams),
    fixed(row.firstP50, 1),
    fixed(row.firstP99, 1),
    whole(row.eventsPerSecond),
    String(row.broken),
  ]);
  const openCells = [
    String(OPEN_COUNT),
    whole(open.bytesPerStream / (MIB / 1024)),
    fixed(open.cpuMsPerStream, 2),
    fixed(open.behindP50, 1),
    fixed(open.behindP99, 1),
    String(open.broken),
  ];
  const table = `${toTable(HEADING, cells)}\n${toTable(OPEN_HEADING, [openCells])}`;
  return { title: 'streamed chat', table, figures: [...rows, open] };
}
