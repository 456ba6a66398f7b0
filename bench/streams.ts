import { setTimeout as sleep } from 'node:timers/promises';
import { streamed } from './cases.js';
import type { Databases } from './database.js';
import { richAt } from './people.js';
import type { Plan } from './rounds.js';
import { ServerProcess } from './server-process.js';
import { filledDatabase, withServer, type Section } from './stage.js';
import { StreamClient, type StreamSeen } from './stream-client.js';
import { fixed, percentile, toTable, whole } from './table.js';
import { Upstream, delta, ending, openEvents, type Behaviour } from './upstream.js';

const OPEN_COUNT = 1000;
/** Apart from each other, so that the first words measure an open stream and not the crowd at the door. */
const OPEN_EVERY_MS = 10;
const WARM_COUNT = 100;
const QUICK_DELTAS = 200;
const MIB = 2 ** 20;

const HEADING = 'streams at once,first word p50 ms,p99 ms,events/s,KiB a stream,broken'.split(',');

/** What was seen at one number of streams at once. */
interface StreamRow {
  readonly streams: number;
  readonly firstP50: number;
  readonly firstP99: number;
  readonly eventsPerSecond: number;
  readonly bytesPerStream: number;
  readonly broken: number;
}

/** Answers with many pieces, all at once. */
const quick: Behaviour = (response) => {
  openEvents(response);
  response.end(delta('word ').repeat(QUICK_DELTAS) + ending(QUICK_DELTAS));
};

/** Answers with one piece, and with the rest when `whenAllowed` resolves. */
const held =
  (whenAllowed: Promise<void>): Behaviour =>
  async (response) => {
    openEvents(response);
    response.write(delta('word '));
    await whenAllowed;
    response.end(ending(1));
  };

function toRow(streams: number, seen: readonly StreamSeen[], seconds: number): StreamRow {
  const firsts = seen.map(({ firstMs }) => firstMs).filter((ms) => !Number.isNaN(ms));
  return {
    streams,
    firstP50: percentile(firsts, 50),
    firstP99: percentile(firsts, 99),
    eventsPerSecond: seen.reduce((sum, { events }) => sum + events, 0) / seconds,
    bytesPerStream: NaN,
    broken: seen.filter(({ complete }) => !complete).length,
  };
}

const ask = (n: number, model: string) => streamed(richAt(n), model);

/** So many streams at once, each followed by the next, for some seconds. */
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

/** Streams that have begun and wait for their model: what does each of them take? */
async function runOpen(
  client: StreamClient,
  service: ServerProcess,
  allow: () => void,
): Promise<StreamRow> {
  const before = await service.residentBytes();
  let open = 0;
  const streams: Promise<StreamSeen>[] = [];
  for (let n = 0; n < OPEN_COUNT; n += 1) {
    streams.push(client.read(ask(n, 'held'), () => (open += 1)));
    await sleep(OPEN_EVERY_MS);
  }
  const deadline = performance.now() + 10_000;
  while (open < OPEN_COUNT && performance.now() < deadline) await sleep(100);
  const after = await service.residentBytes();
  allow();
  const row = toRow(OPEN_COUNT, await Promise.all(streams), NaN);
  return { ...row, bytesPerStream: before > 0 ? (after - before) / OPEN_COUNT : NaN };
}

/** Streamed answers of a model of its own: how soon they begin, how fast they run, what they take. */
export async function measureStreams(databases: Databases, plan: Plan): Promise<Section> {
  let allow = (): void => undefined;
  const allowed = new Promise<void>((resolve) => (allow = resolve));
  const upstream = await Upstream.start({ quick, held: held(allowed) });
  const url = await filledDatabase(databases);
  const { settings } = upstream;
  const rows = await withServer(ServerProcess.service(url, { settings }), async (service) => {
    const client = new StreamClient(service.url);
    await runQuick(client, WARM_COUNT, plan.seconds);
    const measured: StreamRow[] = [];
    for (const count of plan.connections) {
      measured.push(await runQuick(client, count, plan.seconds));
    }
    measured.push(await runOpen(client, service, allow));
    client.close();
    return measured;
  }).finally(() => upstream.stop());
  const cells = rows.map((row) => [
    String(row.streams),
    fixed(row.firstP50, 1),
    fixed(row.firstP99, 1),
    whole(row.eventsPerSecond),
    whole(row.bytesPerStream / (MIB / 1024)),
    String(row.broken),
  ]);
  return { title: 'streamed chat', table: toTable(HEADING, cells), figures: rows };
}
