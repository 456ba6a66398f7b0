import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
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
        const [socket] = inPieces(path, '1', 130_000);
        const [answer] = await once(socket, 'data');
        expect(String(answer)).toMatch(/^HTTP\/1.1 400 .*The body comes in too small pieces\./s);
        socket.destroy();
        expect(received[0]?.bytesRead).toBeLessThan(200_000);
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
        socket.write(`${line} HTTP/1.1\r\nHost:x\r\n\r\n`.repeat(30_000));
        await closed;
        expect(received[0]?.bytesRead).toBeLessThan(200_000);
      });
    }
    // Each connection sent 30,000 requests. Four at a time are started, and the rest is dropped with the
    // connection.
    expect(begun).toBeGreaterThan(0);
    expect(begun).toBeLessThan(3000);
    unread.watch = watch;
  });
});
