import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { loadConfig } from '../../src/config/load-config.js';
import { Arrivals } from '../../src/http/arrivals.js';
import { createListener } from '../../src/http/listener.js';
import { RequestGate } from '../../src/http/request-gate.js';
import { TestApp } from '../support/app.js';
import { until } from '../support/until.js';

const CLIENTS = 60;
/** So much of the event loop's time a request takes here. */
const COST_MS = 1;
/** What may be begun in one turn of it. */
const TURN_MS = 2;

function spend(): void {
  const end = performance.now() + COST_MS;
  while (performance.now() < end);
}

const ask = (path: string, network: string) =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${network}\r\n\r\n`;

describe('requests that arrive at once', () => {
  const config = loadConfig({ TRUSTED_PROXIES: '127.0.0.1/32' });
  let arrivals: Arrivals;
  let server: Server;
  let sockets: Socket[];
  /** The paths of those that were begun, in this order. */
  let begun: string[];
  let onBegin: (request: IncomingMessage) => void;

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    begun.push(request.url ?? '');
    onBegin(request);
    spend();
    response.end();
  };

  beforeEach(async () => {
    [begun, sockets, onBegin] = [[], [], () => undefined];
    arrivals = new Arrivals(config);
    arrivals.turnMs = TURN_MS;
    server = createListener(answer, { config, logger: pino({ enabled: false }), arrivals });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const connected = async (count: number): Promise<Socket[]> => {
    const { port } = server.address() as AddressInfo;
    let accepted = 0;
    const counted = () => (accepted += 1);
    server.on('connection', counted);
    const all = Array.from({ length: count }, () =>
      connect(port, '127.0.0.1')
        .on('error', () => undefined)
        .resume(),
    );
    await until(() => accepted === count);
    server.off('connection', counted);
    sockets.push(...all);
    return all;
  };
  const path = (n: number) => `/${String(n)}`;
  const paths = Array.from({ length: CLIENTS }, (_, n) => path(n));

  it('are started a few in each iteration of the event loop', async () => {
    const all = await connected(CLIENTS);
    const turns: number[] = [];
    let isOver = false;
    const count = (before: number) => {
      turns.push(begun.length - before);
      if (!isOver) setImmediate(count, begun.length);
    };
    setImmediate(count, 0);
    for (const [n, socket] of all.entries()) socket.write(ask(path(n), '10.0.0.1'));
    await until(() => begun.length === CLIENTS);
    isOver = true;
    expect(Math.max(...turns)).toBeLessThan(CLIENTS / 3);
    expect(new Set(begun)).toEqual(new Set(paths));
  });

  it('are started in turn for each network, so that one network does not wait for another', async () => {
    const [last, ...all] = await connected(CLIENTS + 1);
    for (const [n, socket] of all.entries()) socket.write(ask(path(n), '10.0.0.1'));
    last?.write(ask('/other', '10.0.0.2'));
    await until(() => begun.length === CLIENTS + 1);
    expect(begun.indexOf('/other')).toBeLessThan(CLIENTS / 2);
  });

  it('are started first on a connection that was idle', async () => {
    const [last, ...all] = await connected(CLIENTS + 1);
    for (const [n, socket] of all.entries()) socket.write(ask(path(n), '10.0.0.1'));
    await until(() => begun.length === CLIENTS);
    for (const [n, socket] of all.entries()) socket.write(ask(path(n), '10.0.0.1'));
    last?.write(ask('/rested', '10.0.0.1'));
    await until(() => begun.length === 2 * CLIENTS + 1);
    expect(begun.indexOf('/rested')).toBeLessThan(CLIENTS * 1.5);
  });

  /** Sends a request with credentials again and again, each one when the last one was answered. */
  const askOften = (socket: Socket, url: string, times: number) => {
    let left = times;
    const again = () => {
      if (left === 0) return;
      left -= 1;
      const head = ask(url, '10.1.0.1').trimEnd();
      socket.write(`${head}\r\nAuthorization: Token x\r\n\r\n`);
    };
    socket.on('data', again);
    again();
  };

  it('of a new connection are started before a second request of each busy connection', async () => {
    for (const socket of await connected(CLIENTS)) askOften(socket, '/busy', Infinity);
    // The first request of each connection counts as one of an idle connection.
    await until(() => begun.length > 3 * CLIENTS);
    let before = Infinity;
    server.once('connection', () => (before = begun.length));
    const { port } = server.address() as AddressInfo;
    const newcomer = connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.push(newcomer);
    newcomer.write(ask('/new', '10.1.0.1').replace(/\r\n$/, 'Authorization: Token x\r\n\r\n'));
    await until(() => begun.includes('/new'));
    expect(begun.indexOf('/new') - before).toBeLessThan(CLIENTS / 2);
  });

  it.each([
    ['without credentials', '/', ''],
    ['that ask for a password link', '/api/password/reset/?', 'Authorization: Token x\r\n'],
    ['that log in by an escaped path', '/api/%6cogin/?', 'Authorization: Token x\r\n'],
    ['that log in by a whole URL', 'http://x/api/login/?', 'Authorization: Token x\r\n'],
  ])(
    'are begun for a user beside many networks %s, which take a share of the time',
    async (_, url, header) => {
      const TIMES = 10;
      const [user, ...all] = await connected(CLIENTS + 1);
      if (user) askOften(user, '/user', TIMES);
      await until(() => begun.includes('/user'));
      for (const [n, socket] of all.entries()) {
        const head = ask(`${url}${String(n)}`, `10.0.0.${String(n)}`).trimEnd();
        socket.write(`${head}\r\n${header}\r\n`);
      }
      await until(() => begun.length === CLIENTS + TIMES);
      expect(begun.lastIndexOf('/user')).toBeLessThan(CLIENTS * 0.75);
    },
  );

  it('are begun without credentials while users ask without pause', async () => {
    const TIMES = 100;
    const [stranger, ...users] = await connected(9);
    for (const user of users) askOften(user, '/user', TIMES);
    await until(() => begun.length > 8);
    stranger?.write(ask('/stranger', '10.0.0.1'));
    await until(() => begun.length === 8 * TIMES + 1);
    expect(begun.indexOf('/stranger')).toBeLessThan(4 * TIMES);
  });

  it('leave the process idle while those without credentials rest', async () => {
    onBegin = ({ url }) => {
      const end = performance.now() + (url === '/first' ? 20 : 0);
      while (performance.now() < end);
    };
    let idleMs = 0;
    // If the process stands still for the time of the rest, nothing of it is left.
    for (let tries = 0; tries < 5 && idleMs <= 20; tries += 1) {
      begun = [];
      const [user, first, second] = await connected(3);
      if (user) askOften(user, '/user', 1);
      await until(() => begun.includes('/user'));
      first?.write(ask('/first', '10.0.0.1'));
      await until(() => begun.includes('/first'));
      const before = performance.eventLoopUtilization();
      second?.write(ask('/second', '10.0.0.2'));
      await until(() => begun.includes('/second'));
      idleMs = performance.eventLoopUtilization(before).idle;
    }
    expect(idleMs).toBeGreaterThan(20);
  });

  it('are dropped if their connection closes before they are started', async () => {
    const received: Socket[] = [];
    server.on('connection', (socket) => received.push(socket));
    const all = await connected(CLIENTS);
    onBegin = () => {
      onBegin = () => undefined;
      const gone = received.slice(CLIENTS / 2);
      for (const socket of gone) socket.destroy();
    };
    for (const [n, socket] of all.entries()) socket.write(ask(path(n), '10.0.0.1'));
    await until(() => begun.length === CLIENTS / 2);
    await until(() => !arrivals.hasWaitedSince(performance.now()));
    expect(begun.every((one) => Number(one.slice(1)) < CLIENTS / 2)).toBe(true);
  });

  it('are all started after a stop, which refuses requests that arrive later', async () => {
    const gate = new RequestGate(config, arrivals);
    const refused: string[] = [];
    let stopped: Promise<boolean> | undefined;
    const [late, ...all] = await connected(CLIENTS + 1);
    onBegin = (request) => {
      const { url = '' } = request;
      if (gate.isRefusedByStop({ url, raw: request })) refused.push(url);
      if (begun.length !== CLIENTS / 4) return;
      stopped = gate.drain(60_000);
      late?.write(ask('/late', '10.0.0.2'));
    };
    for (const [n, socket] of all.entries()) socket.write(ask(path(n), '10.0.0.1'));
    await until(() => begun.length === CLIENTS + 1);
    expect(refused).toEqual(['/late']);
    expect(await stopped).toBe(true);
    expect(gate.isStopping).toBe(true);
  });
});

describe('a request to the service', () => {
  it('waits for its turn', async () => {
    const app = await TestApp.start('sqlite');
    const { port } = new URL(app.url);
    const socket = connect(Number(port), '127.0.0.1');
    try {
      const arrivals = app.nest.get(Arrivals);
      const write = () => socket.write(ask('/health/live', '10.0.0.1'));
      const answered = () => once(socket, 'data').then(([data]) => String(data).slice(9, 12));
      // While connections come in, requests are started for a fixed time in each turn: the second one is the last.
      for (let n = 0; n < 2; n += 1) {
        write();
        expect(await answered()).toBe('200');
      }
      arrivals.turnMs = 0;
      write();
      await until(() => arrivals.waiting === 1);
      arrivals.turnMs = TURN_MS;
      expect(await answered()).toBe('200');
      expect(arrivals.waiting).toBe(0);
    } finally {
      socket.destroy();
      await app.close();
    }
  });
});
