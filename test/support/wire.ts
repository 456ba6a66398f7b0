import { connect } from 'node:net';

/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What to do after `bytes` are sent. */
interface WireOptions {
  /** Closes the connection from this side as soon as the bytes are sent. */
  readonly hangUp?: boolean;
}

const SILENCE_MS = 20_000;

/**
 * Sends bytes unchanged on its own connection, and returns the answer when the service has closed it. Returns
 * undefined if it was closed without an answer. For requests that an HTTP client would never send.
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

/**
 * Sends requests on one connection, each as soon as the answer to the one before begins. Returns the answers when the
 * service has closed the connection. Rejects if it is silent.
 */
export function sendInTurn(url: string, requests: readonly string[]): Promise<string[]> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let text = '';
    const answers = () => text.split(/(?=HTTP\/1\.1 \d)/).filter(Boolean);
    const socket = connect(Number(port), hostname, () => socket.write(requests[0] ?? ''));
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error('no answer, and no end')));
    socket.on('data', (chunk) => {
      const before = answers().length;
      text += chunk.toString('latin1');
      const now = answers().length;
      if (now > before) socket.write(requests[now] ?? '');
    });
    socket.on('error', reject);
    socket.on('close', () => {
      resolve(answers());
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
