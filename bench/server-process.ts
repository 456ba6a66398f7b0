import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuTimeOf } from './cpu-time.js';
import { pinned, type Side } from './pinning.js';

const START_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

/**
 * The default settings, with three exceptions. Requests are not logged, because the floor does not log either.
 * There are no rate limits. There are no limits on stored data.
 */
const SETTINGS = {
  LOG_LEVEL: 'warn',
  RATE_LIMITS: 'off',
  STORED_MAX_BYTES: '0',
  CONVERSATIONS_MAX: '0',
  JWT_SECRET: 'the bench signs nothing that anyone keeps',
};

/** Returns a port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The service or the floor in its own process, on the servers' core. */
export class ServerProcess {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  /** Starts the service of this build, or of the build in the folder `build`, and waits until it answers. */
  static async service(
    databaseUrl: string,
    {
      settings = {},
      nodeOptions = [],
      build = '.',
      side = 'server',
    }: {
      settings?: object;
      nodeOptions?: string[];
      build?: string;
      side?: 'server' | 'any';
    } = {},
  ): Promise<ServerProcess> {
    const port = String(await freePort());
    const env = { ...SETTINGS, ...settings, DATABASE_URL: databaseUrl, PORT: port };
    return this.start(port, [...nodeOptions, resolve(build, 'dist/src/main.js')], env, { side });
  }

  static async floor(databaseUrl: string): Promise<ServerProcess> {
    const port = String(await freePort());
    return this.start(port, [resolve('dist/bench/floor', 'main.js'), databaseUrl, port], {});
  }

  /** Starts the mock provider, on the driver's core. */
  static async provider(): Promise<ServerProcess> {
    const port = String(await freePort());
    const command = [resolve('dist/bench', 'mock-provider.js'), port];
    return this.start(port, command, {}, { side: 'driver' });
  }

  /** Starts Portkey's gateway, without its page. */
  static async portkey(program: string): Promise<ServerProcess> {
    const port = String(await freePort());
    const command = [program, `--port=${port}`, '--headless'];
    return this.start(port, command, { NODE_ENV: 'production' }, { isQuiet: true });
  }

  private static async start(
    port: string,
    command: string[],
    env: object,
    { side = 'server', isQuiet = false }: { side?: Side; isQuiet?: boolean } = {},
  ): Promise<ServerProcess> {
    const [program = '', ...rest] = pinned(side, [process.execPath, ...command]);
    const child = spawn(program, rest, {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', isQuiet ? 'ignore' : 'inherit', 'inherit'],
    });
    const server = new ServerProcess(`http://127.0.0.1:${port}`, child);
    await server.listens();
    return server;
  }

  /** Returns the resident memory in bytes. Returns 0 without `/proc`. */
  async residentBytes(): Promise<number> {
    const status = await readFile(`/proc/${String(this.child.pid)}/status`, 'utf8').catch(() => '');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  }

  /** Returns the CPU time since its start, in milliseconds. Returns 0 without `/proc`. */
  async cpuMs(): Promise<number> {
    return (await cpuTimeOf(String(this.child.pid)))?.ms ?? 0;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.kill('SIGTERM');
    await once(this.child, 'close');
  }

  private async listens(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (this.child.exitCode === null && performance.now() < deadline) {
      const answer = await fetch(`${this.url}/health/ready`).catch(() => undefined);
      if (answer) return;
      await sleep(POLL_MS);
    }
    this.child.kill('SIGKILL');
    throw new Error('the server to measure does not start');
  }
}
