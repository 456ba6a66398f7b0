import { connect, type Socket } from 'node:net';
import { login, registerAs, searchOf, streamed } from './cases.js';
import { drive, toWire, type HttpRequest } from './driver.js';
import { logins, reader, searchers } from './people.js';

/** A client that attacks the service. The attack lasts until the promise of `attack` resolves. */
export interface Attacker {
  readonly name: string;
  /** Settings of the service for this attack, in addition to those of the bench. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly attack: (url: string, seconds: number) => Promise<unknown>;
}

const SILENT_COUNT = 4;
const PIPELINED = 500;
const SLOW_COUNT = 500;
const SLOW_EVERY_MS = 1000;
const STREAM_COUNT = 50;
/** The maximum length of a message. */
const LONG = 'word '.repeat(19_999);
/** A body of a megabyte that is parsed completely and then refused. */
const MANY_KEYS = `{${Array.from({ length: 19_999 }, (_, n) => `"${'k'.repeat(38)}${String(n)}":1`).join()}}`;
const MEGABYTE = 1_048_576;

/** Opens connections that each send something and read nothing, and keeps them open for some seconds. */
async function holdOpen(
  url: string,
  seconds: number,
  count: number,
  begin: (socket: Socket) => void,
): Promise<void> {
  const { hostname, port } = new URL(url);
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(Number(port), hostname, () => {
      begin(socket);
    });
    socket.on('error', () => undefined);
    return socket.pause();
  });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  for (const socket of sockets) socket.destroy();
}

const page = toWire({
  method: 'GET',
  path: '/api/chat/?page_size=100',
  headers: { Authorization: `Token ${searchers[0]?.secret ?? ''}` },
});

/** Sends a body that never ends, one character a second. */
function sendSlowly(socket: Socket): void {
  const head = toWire(streamed(reader, 'echo')).split('\r\nContent-Length')[0] ?? '';
  socket.write(`${head}\r\nContent-Length: ${String(MEGABYTE)}\r\n\r\n{`);
  const timer = setInterval(() => {
    if (socket.writable) socket.write(' ');
  }, SLOW_EVERY_MS);
  socket.on('close', () => {
    clearInterval(timer);
  });
}

const by =
  (connections: number, requests: () => readonly HttpRequest[]): Attacker['attack'] =>
  (url, seconds) =>
    drive(url, requests(), { connections, seconds });

const withText = (text: string): HttpRequest => ({ ...streamed(reader, 'echo'), body: text });

/** Gives each request its own name and address, so that no limit by network or by name is reached. */
const fromAnywhere = (request: HttpRequest, n: number): HttpRequest => {
  const address = `10.${String((n >> 16) & 255)}.${String((n >> 8) & 255)}.${String(n & 255)}`;
  return { ...request, headers: { ...request.headers, 'X-Forwarded-For': address } };
};

const wrongLogin = (username: string): HttpRequest => {
  const request = login(username);
  return { ...request, body: request.body?.replace('strong', 'wrong') };
};

/** One attacker of each kind that a public service meets. */
export const ATTACKERS: readonly Attacker[] = [
  {
    name: 'silent readers',
    attack: (url, seconds) =>
      holdOpen(url, seconds, SILENT_COUNT, (socket) => socket.write(page.repeat(PIPELINED))),
  },
  {
    name: 'slow senders',
    attack: (url, seconds) => holdOpen(url, seconds, SLOW_COUNT, sendSlowly),
  },
  { name: 'searches', attack: by(searchers.length, () => searchers.map(searchOf)) },
  { name: 'logins', attack: by(64, () => logins.map(wrongLogin)) },
  { name: 'registrations', attack: by(64, () => Array.from({ length: 20_000 }, registerAs)) },
  {
    name: 'streams never read',
    attack: (url, seconds) =>
      holdOpen(url, seconds, STREAM_COUNT, (socket) =>
        socket.write(toWire(withText(JSON.stringify({ message: LONG, stream: true })))),
      ),
  },
  { name: 'big bodies', attack: by(2, () => [withText(MANY_KEYS)]) },
];

const FLOOD_COUNT = 1000;
const ADDRESSES = 5000;
/** No limits by user, because the watched users must not be limited. The limits by network are the defaults. */
const LIMITED = {
  RATE_LIMITS: 'on',
  RATE_LIMIT_SPEND: '1000000/s',
  RATE_LIMIT_READ: '1000000/s',
  TRUSTED_PROXIES: '127.0.0.1/32',
};

const many = (make: (n: number) => HttpRequest) => () =>
  Array.from({ length: ADDRESSES }, (_, n) => make(n));

/**
 * A thousand clients that never pause. From one address the limits refuse them early; from many addresses the
 * limits accept them.
 */
export const FLOODS: readonly Attacker[] = [
  { name: 'logins, limits off', attack: by(FLOOD_COUNT, () => logins.map(wrongLogin)) },
  {
    name: 'logins of one network, limits on',
    settings: LIMITED,
    attack: by(FLOOD_COUNT, () => logins.map(wrongLogin)),
  },
  {
    name: 'logins of many networks, limits on',
    settings: LIMITED,
    attack: by(
      FLOOD_COUNT,
      many((n) => fromAnywhere(wrongLogin(`nobody${String(n)}`), n)),
    ),
  },
  {
    name: 'registrations, limits off',
    attack: by(FLOOD_COUNT, () => Array.from({ length: ADDRESSES * 4 }, registerAs)),
  },
  {
    name: 'registrations of one network, limits on',
    settings: LIMITED,
    attack: by(FLOOD_COUNT, () => Array.from({ length: ADDRESSES * 4 }, registerAs)),
  },
];
