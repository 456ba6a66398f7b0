import { setFlagsFromString } from 'node:v8';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Command } from 'commander';
import { createApp } from '../app.setup.js';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import { locationOf } from '../database/location.js';
import { RequestGate } from '../http/request-gate.js';
import { ModelCatalogue } from '../models/model-catalogue.js';
import { startLines } from '../observability/start-report.js';
import { UsersService } from '../users/users.service.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/**
 * npm forwards the Ctrl-C that the terminal has already sent to this process. Two signals within this time
 * count as one.
 */
const SAME_SIGNAL_MS = 500;
/** Maximum time for closing the database after the last answer. */
const CLOSE_TIMEOUT_MS = 5000;

/**
 * Waits for the answers under way and closes the database. The exit code shows whether all of them finished.
 */
async function stop(app: NestFastifyApplication, config: Config): Promise<never> {
  const { log } = app.getHttpAdapter().getInstance();
  const timeoutMs = config.shutdownTimeoutSeconds * 1000;
  log.info('stopping');
  setTimeout(() => process.exit(1), timeoutMs + CLOSE_TIMEOUT_MS).unref();
  const finished = await app.get(RequestGate).drain(timeoutMs);
  await app.close();
  if (finished) log.info('stopped');
  else log.error('stopped, with answers cut off');
  process.exit(finished ? 0 : 1);
}

/**
 * Shuts down on the first signal, and exits at once on a second one. An uncaught error is logged, and then
 * the process exits at once.
 */
function stopOnSignals(app: NestFastifyApplication, config: Config): void {
  const { log } = app.getHttpAdapter().getInstance();
  const crash = (error: unknown) => {
    log.fatal({ err: error }, 'the process ends');
    process.exit(1);
  };
  let firstAt: number | undefined;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (firstAt !== undefined && performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(1);
      if (firstAt !== undefined) return;
      firstAt = performance.now();
      stop(app, config).catch(crash);
    });
  }
  process.on('uncaughtException', crash);
}

/**
 * Lets V8 compile the functions of a request after fewer runs. The V8 of Node 20 counts the bytecode that a function runs
 * in portions of 67,584 bytes, and compiles it after a few portions. So the first thousands of requests are slow, above all
 * one at a time. V8 reads the size when a portion ends, so it may change in a running process. Newer versions of V8 do
 * not know it, and have another compiler for functions that ran a few hundred times.
 */
function compileSooner(): void {
  if (process.version.startsWith('v20.')) setFlagsFromString('--interrupt-budget=10000');
}

async function listen(app: NestFastifyApplication, { host, port }: Config): Promise<void> {
  try {
    const listenTextResolver = (url: string) => `Tallychat listens on ${url}`;
    await app.listen({ host, port, listenTextResolver });
  } catch (error) {
    await app.close();
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const sentence = `Port ${String(port)} on ${host} is in use. Set PORT to a free one.`;
    throw new Error(sentence, { cause: error });
  }
}

/**
 * Serves until a signal ends the process. If the service cannot start, throws an error with one readable
 * sentence.
 */
async function run(): Promise<void> {
  const config = loadConfig();
  const app = await createApp(config);
  stopOnSignals(app, config);
  await listen(app, config);
  compileSooner();
  const models = app.get(ModelCatalogue).all();
  const { log } = app.getHttpAdapter().getInstance();
  for (const line of startLines({ ...config, url: await app.getUrl(), models })) log.info(line);
  const people = await app.get(UsersService).count();
  log.info(
    { people },
    `Database: ${locationOf(config.databaseUrl)}, with ${String(people)} people`,
  );
}

export function declare(command: Command): void {
  command.action(run);
}
