import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { balance } from './cases.js';
import type { Databases } from './database.js';
import { drive, type Measured } from './driver.js';
import { payers } from './people.js';
import type { Plan } from './rounds.js';
import { ServerProcess } from './server-process.js';
import { filledDatabase, withServer, type Section } from './stage.js';
import { fixed, toTable, whole } from './table.js';

const IDLE_COUNT = 5000;
const SLOW_COUNT = 500;
const SLOW_EVERY_MS = 1000;
/** Number of connections that are opened at a time. More would overflow the backlog. */
const BATCH = 200;
const CONNECTIONS = 16;

const HEADING = 'beside,balances/s,p50 ms,p99 ms,errors,connections open,server MiB'.split(',');

/** Connections that send nothing, or one character at a time. */
class IdleConnections {
  private readonly sockets = new Set<Socket>();
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(private readonly url: string) {}

  get open(): number {
    return this.sockets.size;
  }

  /**
   * Resolves when all are connected. A slow connection never ends its headers, and reconnects after the service
   * closes it.
   */
  async add(count: number, isSlow: boolean): Promise<void> {
    for (let opened = 0; opened < count; opened += BATCH) {
      await Promise.all(Array.from({ length: BATCH }, () => this.connectOne(isSlow)));
    }
  }

  closeAll(): void {
    for (const timer of this.timers) clearInterval(timer);
    for (const socket of this.sockets) socket.removeAllListeners('close').destroy();
  }

  private connectOne(isSlow: boolean): Promise<void> {
    const { hostname, port } = new URL(this.url);
    return new Promise((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        this.sockets.add(socket);
        if (isSlow) this.sendSlowly(socket);
        resolve();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        resolve();
        if (isSlow) void this.connectOne(isSlow);
      });
      socket.resume();
    });
  }

  private sendSlowly(socket: Socket): void {
    socket.write('GET /api/token-balance/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
    const timer = setInterval(() => {
      if (socket.writable) socket.write('x');
      else clearInterval(timer);
    }, SLOW_EVERY_MS);
    this.timers.push(timer);
  }
}

/** Measures whether others get answers beside thousands of idle connections. */
export async function measureIdle(databases: Databases, plan: Plan): Promise<Section> {
  const url = await filledDatabase(databases);
  const figures: (Measured & { beside: string; open: number; bytes: number })[] = [];
  await withServer(ServerProcess.service(url), async (service) => {
    const idleConnections = new IdleConnections(service.url);
    const measure = async (beside: string) => {
      const load = { connections: CONNECTIONS, seconds: plan.seconds * 2 };
      const { open } = idleConnections;
      const measured = await drive(service.url, payers.map(balance), load);
      const bytes = await service.residentBytes();
      figures.push({ beside, open, bytes, ...measured });
    };
    await measure('warming up');
    await measure('nobody');
    await idleConnections.add(IDLE_COUNT, false);
    await measure(`${String(IDLE_COUNT)} idle`);
    await idleConnections.add(SLOW_COUNT, true);
    await sleep(SLOW_EVERY_MS);
    await measure(`${String(IDLE_COUNT)} idle, ${String(SLOW_COUNT)} slow`);
    idleConnections.closeAll();
  });
  const rows = figures
    .slice(1)
    .map(({ beside, open, bytes, answers, seconds, p50, p99, refused, broken }) => [
      ...[beside, whole(answers / seconds), fixed(p50, 1), fixed(p99, 1)],
      ...[String(refused + broken), String(open), whole(bytes / 2 ** 20)],
    ]);
  return { title: 'idle and slow clients', table: toTable(HEADING, rows), figures };
}
