import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UnreadAnswers } from '../../src/http/unread-answers.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { until } from '../support/until.js';

const MEBIBYTE = 2 ** 20;

/** Returns the bytes of the heap that are in use, without garbage. */
const heapInUse = (): number => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

describe('a megabyte in small pieces', () => {
  let app: TestApp;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start('sqlite');
    ada = await app.newUser();
  });
  afterAll(() => app.close());

  /** Sends the start of a body, each piece in its own chunk. */
  const inPieces = (path: string, piece: string, count: number): [Socket, number] => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    const head = [
      `POST ${path} HTTP/1.1`,
      'Host: x',
      `Authorization: Token ${ada.token}`,
      'Content-Type: application/json',
      'Transfer-Encoding: chunked\r\n\r\n',
    ].join('\r\n');
    const sent = head + `${piece.length.toString(16)}\r\n${piece}\r\n`.repeat(count);
    socket.write(sent);
    return [socket, sent.length];
  };

  /** Runs `work` with the server's sockets of the connections that are opened meanwhile. */
  const connectionsOf = async (work: (received: Socket[]) => Promise<void>): Promise<void> => {
    const received: Socket[] = [];
    const keep = (socket: Socket) => received.push(socket);
    const server = app.nest.getHttpServer();
    server.on('connection', keep);
    await work(received);
    server.off('connection', keep);
  };

  it('uses about as much memory as its bytes, in any number of pieces', async () => {
    await connectionsOf(async (received) => {
      const before = heapInUse();
      const sent = Array.from({ length: 8 }, () => inPieces('/api/chat/', ' '.repeat(20), 52_000));
      const bytes = sent.reduce((sum, [, length]) => sum + length, 0);
      await until(() => received.reduce((sum, { bytesRead }) => sum + bytesRead, 0) === bytes);
      // If each piece were an object of its own, they would take about 120 MiB.
      expect((heapInUse() - before) / MEBIBYTE).toBeLessThan(50);
      for (const [socket] of sent) socket.write('0\r\n\r\n');
      const answers = await Promise.all(sent.map(([socket]) => once(socket, 'data')));
      for (const [answer] of answers)
        expect(String(answer)).toMatch(/^HTTP\/1.1 400 .*parse_error/s);
      for (const [socket] of sent) socket.destroy();
    });
  });

  it('is not read further if its pieces are too small', async () => {
    const before = await ada.balance();
    for (const path of ['/api/token/verify/', '/api/chat/', '/v1/chat/completions']) {
      await connectionsOf(async (received) => {
        const [socket, sent] = inPieces(path, '1', 130_000);
        const [answer] = await once(socket, 'data');
        expect(String(answer)).toMatch(/^HTTP\/1.1 400 .*The body comes in too small pieces\./s);
        socket.destroy();
        // About 64 or 192 KiB of 760.
        expect(received[0]?.bytesRead).toBeLessThan(sent / 2);
      });
    }
    expect(await ada.balance()).toBe(before);
  });

  it('of requests on one connection is mostly left unread', async () => {
    const unread = app.nest.get(UnreadAnswers);
    const watch = unread.watch.bind(unread);
    let begun = 0;
    unread.watch = (socket) => {
      begun += 1;
      watch(socket);
    };
    const { hostname, port } = new URL(app.url);
    for (const line of ['GET /api/nobody/', 'GET /', 'OPTIONS /api/chat/']) {
      await connectionsOf(async (received) => {
        const socket = connect(Number(port), hostname).on('error', () => undefined);
        const closed = new Promise((resolve) => socket.resume().on('close', resolve));
        const sent = `${line} HTTP/1.1\r\nHost:x\r\n\r\n`.repeat(30_000);
        socket.write(sent);
        await closed;
        // About 64 or 192 KiB of 760 at least.
        expect(received[0]?.bytesRead).toBeLessThan(sent.length / 2);
      });
    }
    // Each connection sent 30,000 requests. Four at a time are started, and the rest is dropped with the
    // connection.
    expect(begun).toBeGreaterThan(0);
    expect(begun).toBeLessThan(3000);
    unread.watch = watch;
  });

  it('of requests on many connections uses bounded memory, and closes none that has a few', async () => {
    const { hostname, port } = new URL(app.url);
    const head = 'GET /api/schema/ HTTP/1.1\r\nHost:x\r\n\r\n';
    const open = (n: number) => {
      // From many networks, because a network has few requests in progress.
      const localAddress = `127.0.0.${String(n + 1)}`;
      const socket = connect({ host: hostname, port: Number(port), localAddress });
      return socket.on('error', () => undefined).pause();
    };
    await connectionsOf(async (received) => {
      const few = open(0);
      await until(() => received.length === 1);
      const many = Array.from({ length: 120 }, (_, n) => open(n + 1));
      await until(() => received.length === 121);
      const heapBefore = heapInUse();
      few.write(head.repeat(20));
      for (const socket of many) socket.write(head.repeat(990));
      const bytesRead = () => received.reduce((sum, socket) => sum + socket.bytesRead, 0);
      for (let before = -1; before < bytesRead();) {
        before = bytesRead();
        await sleep(500);
      }
      const [serverOfFew] = received;
      // Otherwise the closed connections stay in memory with all that came on them.
      received.length = 0;
      // Waiting, 118,000 requests of 40 bytes take 300 MiB.
      expect((heapInUse() - heapBefore) / MEBIBYTE).toBeLessThan(150);
      expect(serverOfFew?.destroyed).toBe(false);
      let text = '';
      few.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      few.resume();
      await until(() => text.split('HTTP/1.1 200').length - 1 === 20);
      for (const socket of [few, ...many]) socket.destroy();
    });
  });

  it('of requests on many connections is parsed only in part, and their connections are closed', async () => {
    const { hostname, port } = new URL(app.url);
    const server = app.nest.getHttpServer();
    let parsed = 0;
    const count = () => (parsed += 1);
    server.on('request', count);
    await connectionsOf(async (received) => {
      const sockets = Array.from({ length: 100 }, () =>
        connect(Number(port), hostname).on('error', () => undefined),
      );
      await until(() => received.length === 100);
      for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nHost:x\r\n\r\n'.repeat(2400));
      await Promise.all(sockets.map((socket) => once(socket.resume(), 'close')));
    });
    server.off('request', count);
    // They sent 240,000 requests. Without a bound, Node parses all of one read, although the connection was destroyed. A
    // connection that is read alone may send 512.
    expect(parsed).toBeGreaterThan(0);
    expect(parsed).toBeLessThan(60_000);
    expect((await ada.chat('still there')).status).toBe(200);
  });

  it('of short headers is refused, however few bytes they are', async () => {
    const headers = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`h${String(n)}`, '']));
    const send = (count: number) =>
      app.send({ method: 'GET', path: '/api/schema/', headers: headers(count) });
    expect((await send(90)).status).toBe(200);
    for (const count of [100, 1500]) {
      const { status, body } = await send(count);
      expect([count, status, body.code]).toEqual([count, 431, 'headers_too_large']);
    }
  });
});
