import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Ports below the range from which operating systems pick free ports. So no connection of another spec can take the
 * port before its user listens.
 */
const LOWEST = 20_000;
/** Workers take their ports from different parts of the range, so that two specs rarely get the same one. */
const PARTS = 50;
const PART_SIZE = 200;
let last = randomInt(PART_SIZE);

/** Returns a port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  last = (last + 1) % PART_SIZE;
  const port = LOWEST + (process.pid % PARTS) * PART_SIZE + last;
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
