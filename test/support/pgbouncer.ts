import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { hasProgram } from './programs.js';
import { until } from './until.js';

export const hasPgBouncer = hasProgram('pgbouncer', '--version');

/** Debian's user without rights, because PgBouncer does not run as root. */
const UNPRIVILEGED_USER = { name: 'nobody', uid: 65_534 };

/** PgBouncer with its defaults, between the service and PostgreSQL. */
export class PgBouncer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly url: string,
  ) {}

  static async start(url: string, mode: 'session' | 'transaction'): Promise<PgBouncer> {
    const { hostname, port, username, password } = new URL(url);
    const folder = await mkdtemp(join(tmpdir(), 'tallychat-pgbouncer-'));
    const ownPort = await freePort();
    const settings = join(folder, 'pgbouncer.ini');
    const lines = [
      '[databases]',
      `* = host=${hostname} port=${port} user=${username} password=${password}`,
      '[pgbouncer]',
      ...['listen_addr = 127.0.0.1', `listen_port = ${String(ownPort)}`, 'unix_socket_dir ='],
      ...['auth_type = any', `pool_mode = ${mode}`],
    ];
    await writeFile(settings, lines.join('\n'));
    const isRoot = process.getuid?.() === 0;
    if (isRoot) {
      await chown(folder, UNPRIVILEGED_USER.uid, UNPRIVILEGED_USER.uid);
      await chmod(settings, 0o644);
    }
    const words = isRoot ? ['-u', UNPRIVILEGED_USER.name, settings] : [settings];
    const child = spawn('pgbouncer', words, { stdio: 'ignore' });
    await until(() => listens(ownPort));
    const pooled = new URL(url);
    pooled.port = String(ownPort);
    return new PgBouncer(child, folder, pooled.href);
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
