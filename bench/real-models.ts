import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Databases } from './database.js';
import { drive, type HttpRequest, type Measured } from './driver.js';
import { payers } from './people.js';
import { fetchPortkey, portkeyHeaders, type Portkey } from './portkey.js';
import type { Plan } from './rounds.js';
import { ServerProcess } from './server-process.js';
import { filledDatabase, withServer, type Section } from './stage.js';
import { fixed, median, toTable, whole } from './table.js';

const CONNECTIONS = [1, 64];
const WORDS = [20, 200];
const HEADING = 'answer,conns,who,answers/s,CPU ms,p50 ms,p99 ms,ours/other,errors'.split(',');

/** A server to measure, and the headers that it needs. */
interface Target {
  readonly who: string;
  readonly server: ServerProcess;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it can stream. */
  readonly streams: boolean;
}

/** One kind of answer. */
interface Kind {
  readonly words: number;
  readonly isStream: boolean;
}

interface Run extends Measured, Kind {
  readonly who: string;
  readonly connections: number;
  /** CPU time of the server's process for each answer. */
  readonly cpuMs: number;
}

const KINDS: readonly Kind[] = WORDS.flatMap((words) =>
  [false, true].map((isStream) => ({ words, isStream })),
);

const nameOf = ({ words, isStream }: Kind) =>
  `${String(words)} words, ${isStream ? 'streamed' : 'plain'}`;

function requestsOf({ headers }: Target, { words, isStream }: Kind): HttpRequest[] {
  const model = `words-${String(words)}`;
  const messages = [{ role: 'user', content: 'Hello, how does this work?' }];
  return payers.map(({ secret }) => ({
    method: 'POST',
    path: '/v1/chat/completions',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${secret}`,
      ...headers,
    },
    body: JSON.stringify({ model, messages, stream: isStream }),
  }));
}

async function runOnce(
  target: Target,
  kind: Kind,
  load: { connections: number; seconds: number },
): Promise<Run> {
  const before = await target.server.cpuMs();
  const measured = await drive(target.server.url, requestsOf(target, kind), load);
  const cpuMs = ((await target.server.cpuMs()) - before) / measured.answers;
  return { ...measured, ...kind, who: target.who, connections: load.connections, cpuMs };
}

/** Measures every kind of answer of every target in turn, in each round. */
async function runAll(targets: readonly Target[], { rounds, seconds }: Plan): Promise<Run[]> {
  const runs: Run[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    for (const kind of KINDS) {
      const able = targets.filter(({ streams }) => streams || !kind.isStream);
      for (const connections of CONNECTIONS) {
        for (const target of round % 2 === 0 ? able : able.toReversed()) {
          const run = await runOnce(target, kind, { connections, seconds });
          // The first round warms up the servers.
          if (round > 0) runs.push(run);
        }
      }
    }
  }
  return runs;
}

function rowsOf(runs: readonly Run[], targets: readonly Target[]): string[][] {
  const cells = KINDS.flatMap((kind) => CONNECTIONS.map((connections) => ({ kind, connections })));
  return cells.flatMap(({ kind, connections }) => {
    const ofCell = runs.filter(
      (run) =>
        run.words === kind.words &&
        run.isStream === kind.isStream &&
        run.connections === connections,
    );
    const ours = ofCell.filter(({ who }) => who === OURS);
    return targets.flatMap(({ who }) => {
      const group = ofCell.filter((run) => run.who === who);
      if (group.length === 0) return [];
      const rate = ({ answers, seconds }: Run) => answers / seconds;
      const ratios = group.map((run, round) => rate(ours[round] ?? run) / rate(run));
      return [
        [
          ...[nameOf(kind), String(connections), who],
          whole(median(group.map(rate))),
          fixed(median(group.map(({ cpuMs }) => cpuMs)), 2),
          fixed(median(group.map(({ p50 }) => p50)), 1),
          fixed(median(group.map(({ p99 }) => p99)), 1),
          who === OURS ? '' : fixed(median(ratios), 2),
          String(group.reduce((sum, { refused, broken }) => sum + refused + broken, 0)),
        ],
      ];
    });
  });
}

const OURS = 'ours';

/** Writes a models file with the models of the provider at `baseUrl`, and returns its path. */
async function writeModels(folder: string, baseUrl: string): Promise<string> {
  const path = join(folder, 'models.json');
  const models = WORDS.map((words) => `words-${String(words)}`).map((id) => ({
    ...{ id, provider: 'loopback', upstream: id, price: { perMessage: 100 } },
    ...{ contextTokens: 8000, maxTokens: 4000 },
  }));
  await writeFile(path, JSON.stringify({ providers: { loopback: { baseUrl } }, models }));
  return path;
}

/** Starts all measured servers, one within the other, and runs `work` with all of them. */
async function withTargets<T>(
  databases: Databases,
  {
    settings,
    baseUrl,
    against,
    portkey,
  }: {
    readonly settings: object;
    readonly baseUrl: string;
    readonly against: string | undefined;
    readonly portkey: Portkey | undefined;
  },
  work: (targets: readonly Target[]) => Promise<T>,
): Promise<T> {
  const starts: [who: string, start: () => Promise<ServerProcess>][] = [
    [OURS, async () => ServerProcess.service(await filledDatabase(databases), { settings })],
  ];
  if (against !== undefined) {
    const build = resolve(against);
    starts.push([
      'the other build',
      async () =>
        ServerProcess.service(await filledDatabase(databases, build), { settings, build }),
    ]);
  }
  if (portkey) starts.push([`Portkey`, () => ServerProcess.portkey(portkey.program)]);
  const begin = async (left: typeof starts, targets: readonly Target[]): Promise<T> => {
    const [next, ...rest] = left;
    if (!next) return work(targets);
    const [who, start] = next;
    const isPortkey = who === 'Portkey';
    const headers = isPortkey ? portkeyHeaders(baseUrl) : {};
    return withServer(start(), (server) =>
      begin(rest, [...targets, { who, server, headers, streams: !isPortkey }]),
    );
  };
  return begin(starts, []);
}

/**
 * Measures chats with a model that is called over the network, to show what the service adds to its provider. Also
 * measures another build of the service, if one is named, and Portkey's gateway, which has no wallets and no
 * history. On Node 20 the gateway does not stream.
 */
export async function measureRealModels(
  databases: Databases,
  plan: Plan,
  against: string | undefined,
): Promise<Section> {
  const folder = await mkdtemp(join(tmpdir(), 'tallychat-bench-models-'));
  const portkey = await fetchPortkey();
  try {
    return await withServer(ServerProcess.provider(), async (provider) => {
      const baseUrl = `${provider.url}/v1`;
      const settings = { MODELS_FILE: await writeModels(folder, baseUrl) };
      const direct = { who: 'the provider itself', server: provider, headers: {}, streams: true };
      return withTargets(databases, { settings, baseUrl, against, portkey }, async (others) => {
        const targets = [...others, direct];
        const runs = await runAll(targets, plan);
        const missing = portkey ? '' : '\n\nPortkey’s gateway was not to be had from npm.';
        const table = toTable(HEADING, rowsOf(runs, targets)) + missing;
        return { title: 'real models', table, figures: runs };
      });
    });
  } finally {
    await portkey?.remove();
    await rm(folder, { recursive: true, force: true });
  }
}
