import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Ports below the range from which operating systems pick free ports. So no connection of another spec can take the
 * port before its user listens.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** Returns a port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  const port = randomInt(LOWEST, HIGHEST);
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch {
    return freePort();
  }
  server.close();
  await once(server, 'close');
  return port;
}
