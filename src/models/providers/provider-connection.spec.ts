import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { COMPLETIONS_ROUTE, ProviderConnection } from './provider-connection.js';

const NO_PROXY = { httpProxy: '', httpsProxy: '', noProxy: '' };

describe('a connection to a server that never completes the handshake of TLS', () => {
  let sockets: Socket[];
  const server = createServer((socket) => {
    sockets.push(socket.resume().on('error', () => undefined));
  });
  let connection: ProviderConnection;

  beforeEach(async () => {
    sockets = [];
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    connection = new ProviderConnection(`https://127.0.0.1:${String(port)}`, 'sk', NO_PROXY);
  });
  afterEach(async () => {
    await connection.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('ends a call when its signal aborts', async () => {
    const call = new AbortController();
    const response = connection.ask(COMPLETIONS_ROUTE, '{}', call.signal);
    await once(server, 'connection');
    const reason = new Error('the time is up');
    call.abort(reason);
    await expect(response).rejects.toBe(reason);
  });

  it('makes no call whose signal has aborted', async () => {
    const reason = new Error('the caller left');
    const signal = AbortSignal.abort(reason);
    await expect(connection.ask(COMPLETIONS_ROUTE, '{}', signal)).rejects.toBe(reason);
    expect(sockets).toHaveLength(0);
  });
});
