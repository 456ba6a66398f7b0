import { once } from 'node:events';
import {
  createServer,
  request as send,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.js';
import { Throttled } from '../errors.js';
import { until } from '../../test/support/until.js';
import { Arrivals } from './arrivals.js';
import { RequestGate } from './request-gate.js';

/** A request on a real connection, and the client's end of it. */
interface Open {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly leave: () => void;
}

describe('RequestGate', () => {
  const server = createServer();
  let gate: RequestGate;

  beforeEach(async () => {
    const config = { requestsMax: 10, requestsPerCallerMax: 2 } as Config;
    gate = new RequestGate(config, new Arrivals({ trustedProxies: [] }));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  /** Opens a request that the gate admits and counts for its caller. */
  const open = async (caller: string): Promise<Open> => {
    const { port } = server.address() as AddressInfo;
    const client = send({ port, host: '127.0.0.1', agent: false });
    client.on('error', () => undefined);
    client.end();
    const [raw, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
    const request = { raw, url: '/api/login/' } as unknown as FastifyRequest;
    const reply = { raw: response } as unknown as FastifyReply;
    expect(gate.admit(request, reply)).toBe(true);
    gate.countForCaller(request, caller);
    return { request, reply, leave: () => client.destroy() };
  };

  it('counts a request once whose handler starts only after its client has left', async () => {
    await open('ada');
    const left = await open('ada');
    left.leave();
    await until(() => left.request.openRequest?.unfinishedParts === 0);
    const handler = gate.trackHandler(() => Promise.resolve());
    await handler.call({} as FastifyInstance, left.request, left.reply);
    expect(gate.depth).toBe(0);
    await open('ada');
    await expect(open('ada')).rejects.toThrow(Throttled);
    await open('grace');
  });
});
