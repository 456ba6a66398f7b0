import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from './app.setup.js';
import { loadConfig, type Config } from './config.js';
import { Drain } from './http/drain.js';

/** Says in one line why the service does not start or had to stop, and ends with a failure. */
function fail(error: unknown): never {
  process.stderr.write(`tallychat: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/** Lets the answers under way finish, then closes the database. A second signal ends at once. */
async function stop(app: NestFastifyApplication, config: Config): Promise<void> {
  const finished = await app.get(Drain).begin(config.shutdownTimeoutSeconds);
  await app.close();
  process.exit(finished ? 0 : 1);
}

async function start(): Promise<void> {
  const config = loadConfig();
  const app = await createApp(config);
  await app.listen(config.port, config.host);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop(app, config).catch(fail);
    });
  }
  process.stdout.write(`Tallychat listens on ${await app.getUrl()}\n`);
}

start().catch(fail);
