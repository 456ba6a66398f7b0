import { setTimeout as sleep } from 'node:timers/promises';
import { streamed } from './cases.js';
import type { HttpRequest } from './driver.js';
import { payerAt } from './people.js';
import type { ServerProcess } from './server-process.js';
import { StreamClient, type StreamSeen } from './stream-client.js';
import { fixed, percentile, toTable, whole } from './table.js';
import { delta, ending, openEvents, type Behaviour, type Upstream } from './upstream.js';

export const OPEN_COUNT = 1000;
/**
 * How often the streams are opened and closed again. The service still compiles its code during the first opening, on
 * the same core.
 */
const OPENINGS = 3;
/**
 * Time between two opened streams, so that the first words measure an open stream and not a crowd of new requests.
 */
const OPEN_EVERY_MS = 10;
/** How long all streams get one word a second while the service's CPU time is measured. */
const MEASURED_MS = 5000;
const WORD_EVERY_MS = 1000;

const HEADING =
  'opening,KiB of each,CPU ms of each a second,first word after its model p50 ms,p99 ms,later words p99 ms,without the service p99 ms,broken'.split(
    ',',
  );

/** The cost of streams that were open at once and had one word a second each. */
export interface OpenRow {
  /** NaN after the first opening, because the memory is used again. */
  readonly bytesPerStream: number;
  /** CPU time in one second. */
  readonly cpuMsPerStream: number;
  /** Time from when the model writes its first word to when the word arrives. */
  readonly behindP50: number;
  readonly behindP99: number;
  /** The same for the words that follow. They come at any time, also during a garbage collection of the service. */
  readonly laterP99: number;
  /** The same for words that the client reads from the model directly: the share of this process in the delays. */
  readonly directP99: number;
  readonly broken: number;
}

const timedWord = () => delta(`at ${String(performance.now())} `);

/** Returns the time since the model wrote a word, from the time that the word contains. */
function delayOf(text: string): number {
  const [, at] = /at ([\d.]+) /.exec(text) ?? [];
  return performance.now() - Number(at);
}

/** Models whose words contain the time when they were written. */
export class TimedModels {
  private readonly endings = new Set<() => void>();

  readonly behaviours = {
    /** One word a second until `endAll`. */
    wordEverySecond: ((response) => {
      openEvents(response);
      const start = performance.now();
      let timer: NodeJS.Timeout | undefined;
      // Each stream keeps its own times. After a pause of this process, `setInterval` would send the words of all
      // streams that were delayed together for ever.
      const sendWord = (n: number) => {
        response.write(timedWord());
        timer = setTimeout(sendWord, start + (n + 1) * WORD_EVERY_MS - performance.now(), n + 1);
      };
      sendWord(0);
      this.endings.add(() => {
        clearTimeout(timer);
        response.end(ending(1));
      });
    }) satisfies Behaviour,
    oneWord: ((response) => {
      openEvents(response);
      // With the name that the service gives to words, which the client looks for.
      response.end(`event: delta\n${timedWord()}`);
    }) satisfies Behaviour,
  };

  endAll(): void {
    for (const end of this.endings) end();
    this.endings.clear();
  }
}

/** What one opening is measured with. */
interface Setting {
  readonly service: ServerProcess;
  readonly models: TimedModels;
  readonly upstream: Upstream;
}

const WITHOUT_SERVICE: HttpRequest = {
  ...{ method: 'POST', path: '/', headers: {} },
  body: JSON.stringify({ model: 'oneWord' }),
};

/** Opens the streams one by one, keeps them open for some seconds, and measures what each of them costs. */
async function measureOpening({ service, models, upstream }: Setting): Promise<OpenRow> {
  const [client, directClient] = [new StreamClient(service.url), new StreamClient(upstream.url)];
  const [first, later, direct]: [number[], number[], number[]] = [[], [], []];
  const before = await service.residentBytes();
  const streams: Promise<StreamSeen>[] = [];
  const open = (n: number) => {
    let delays = first;
    return client.read(streamed(payerAt(n), 'wordEverySecond'), (_, text) => {
      delays.push(delayOf(text));
      delays = later;
    });
  };
  for (let n = 0; n < OPEN_COUNT; n += 1) {
    streams.push(open(n));
    await sleep(OPEN_EVERY_MS / 2);
    // In between, so that neither of the two waits for the other.
    void directClient.read(WITHOUT_SERVICE, (_, text) => direct.push(delayOf(text)));
    await sleep(OPEN_EVERY_MS / 2);
  }
  const deadline = performance.now() + 10_000;
  while (first.length < OPEN_COUNT && performance.now() < deadline) await sleep(100);
  const [bytes, cpuMs] = [(await service.residentBytes()) - before, await service.cpuMs()];
  await sleep(MEASURED_MS);
  const spentMs = (await service.cpuMs()) - cpuMs;
  models.endAll();
  const seen = await Promise.all(streams);
  client.close();
  directClient.close();
  return {
    bytesPerStream: before > 0 ? bytes / OPEN_COUNT : NaN,
    cpuMsPerStream: (spentMs / OPEN_COUNT) * (1000 / MEASURED_MS),
    behindP50: percentile(first, 50),
    behindP99: percentile(first, 99),
    laterP99: percentile(later, 99),
    directP99: percentile(direct, 99),
    broken: seen.filter(({ complete }) => !complete).length,
  };
}

/** Opens many streams several times. */
export async function measureOpenStreams(setting: Setting): Promise<OpenRow[]> {
  const rows: OpenRow[] = [];
  for (let n = 0; n < OPENINGS; n += 1) {
    const row = await measureOpening(setting);
    rows.push(n === 0 ? row : { ...row, bytesPerStream: NaN });
  }
  return rows;
}

export function openStreamsTable(rows: readonly OpenRow[]): string {
  const cells = rows.map((row, n) => [
    String(n + 1),
    whole(row.bytesPerStream / 1024),
    fixed(row.cpuMsPerStream, 2),
    fixed(row.behindP50, 1),
    fixed(row.behindP99, 1),
    fixed(row.laterP99, 1),
    fixed(row.directP99, 1),
    String(row.broken),
  ]);
  return toTable(HEADING, cells);
}
