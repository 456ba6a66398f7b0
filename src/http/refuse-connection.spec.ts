import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { withIterations } from '../../test/support/loop-iterations.js';
import { until } from '../../test/support/until.js';
import { refuseConnection } from './refuse-connection.js';

const logger = pino({ enabled: false });
const timeOut = Object.assign(new Error(), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
/** Longer than all answers of one iteration may take together. */
const SLOW_MS = 6;

/** A connection whose answer takes so long that it is the only one of its iteration. */
class SlowConnection extends Duplex {
  text = '';
  override _read(): void {
    return;
  }
  override _write(piece: Buffer, _: BufferEncoding, done: () => void): void {
    const startedAt = performance.now();
    while (performance.now() - startedAt < SLOW_MS);
    this.text += piece.toString();
    done();
  }
}

const refuse = (connection: SlowConnection) => {
  refuseConnection(logger, timeOut, connection as unknown as Socket);
};

describe('refuseConnection', () => {
  it('answers connections that reach their time limit together in several iterations', async () => {
    const connections = Array.from({ length: 5 }, () => new SlowConnection());
    const answeredIn = new Set<number>();
    await withIterations(async (iteration) => {
      for (const connection of connections) {
        connection.on('finish', () => answeredIn.add(iteration()));
        refuse(connection);
      }
      expect(connections.map(({ text }) => text).join('')).toBe('');
      await until(() => connections.every(({ writableFinished }) => writableFinished));
    });
    expect(answeredIn.size).toBe(connections.length);
    for (const { text } of connections) expect(text).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('answers a connection once, and closes it if it sends more after the answer', async () => {
    const connection = new SlowConnection();
    refuse(connection);
    refuse(connection);
    await until(() => connection.writableFinished);
    expect(connection.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(connection.destroyed).toBe(false);
    refuse(connection);
    expect(connection.destroyed).toBe(true);
  });

  it('does not answer a connection that was closed while it waited', async () => {
    const [closed, other] = [new SlowConnection(), new SlowConnection()];
    refuse(closed);
    refuse(other);
    closed.destroy();
    await until(() => other.writableFinished);
    expect(closed.text).toBe('');
  });
});
