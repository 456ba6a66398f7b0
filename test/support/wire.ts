import { connect } from 'node:net';

/** An answer as its bytes had it. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How a conversation goes on once `bytes` are sent. */
interface WireOptions {
  /** Ends the connection from this side as soon as the bytes are on their way. */
  readonly hangUp?: boolean;
}

const SILENCE_MS = 20_000;

/**
 * Sends bytes as they are, on a connection of their own, and gives the answer once the service has closed
 * it; undefined where it closed without one. For what an HTTP client would never send.
 */
export function sendBytes(
  url: string,
  bytes: string | Buffer,
  { hangUp = false }: WireOptions = {},
): Promise<WireAnswer | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error('no answer, and no end')));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error) => {
      if (chunks.length === 0) reject(error);
    });
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      resolve(parse(Buffer.concat(chunks).toString('latin1')));
    });
    socket.write(bytes, () => {
      if (hangUp) socket.destroy();
    });
  });
}

function parse(text: string): WireAnswer | undefined {
  if (text === '') return undefined;
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: rest.join('\r\n\r\n'),
  };
}
