import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { BatchedHolds } from '../../src/wallet/holds/batched-holds.service.js';
import { databaseKinds } from '../support/databases.js';
import { stageProvider } from '../support/stages.js';
import { until } from '../support/until.js';

describe.each(databaseKinds)('a message behind another one on its connection, on %s', (kind) => {
  const stage = stageProvider(kind);

  it('is not asked, and costs nothing, if the connection ends while the message is held', async () => {
    const { app, ada, provider } = stage;
    provider.delayWith(() => new Promise(() => undefined));
    const server = app.nest.getHttpServer();
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const { hostname, port } = new URL(app.url);
    const client = connect(Number(port), hostname).on('error', () => undefined);
    const [socket] = await accepted;
    const post = (message: string) => {
      const body = JSON.stringify({ message });
      client.write(
        `POST /api/chat/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token ${ada.token}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`,
      );
    };
    const before = provider.calls;
    post('first');
    await until(() => provider.calls === before + 1);
    const holds = app.nest.get(BatchedHolds);
    const hold = holds.hold.bind(holds);
    holds.hold = async (...spend) => {
      const held = await hold(...(spend as Parameters<typeof hold>));
      socket.destroy();
      return held as never;
    };
    try {
      post('second');
      await until(() => socket.destroyed);
      await until(async () => (await app.database.count('holds', `state = 'open'`)) === 0);
    } finally {
      holds.hold = hold;
    }
    // The provider was asked for the first message, so only that one costs its price.
    expect(provider.calls).toBe(before + 1);
    expect(await ada.balance()).toBe(3900);
    expect(await app.database.count('turns', `message = 'second' AND amount > 0`)).toBe(0);
  });
});
