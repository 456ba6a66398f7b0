import { connect, type Socket } from 'node:net';
import { login, registerAs, searchOf, streamed } from './cases.js';
import { drive, toWire, type HttpRequest } from './driver.js';
import { logins, reader, searchers } from './people.js';

/** Somebody who means ill, from `attack` until the promise that it gives has resolved. */
export interface Attacker {
  readonly name: string;
  /** Settings of the service that it needs beside those of the bench. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly attack: (url: string, seconds: number) => Promise<unknown>;
}

const SILENT_COUNT = 4;
const PIPELINED = 500;
const SLOW_COUNT = 500;
const SLOW_EVERY_MS = 1000;
const STREAM_COUNT = 50;
/** As long as a message may be. */
const LONG = 'word '.repeat(19_999);
/** Of a body of a megabyte that is looked at whole and then refused. */
const MANY_KEYS = `{${Array.from({ length: 19_999 }, (_, n) => `"${'k'.repeat(38)}${String(n)}":1`).join()}}`;
const MEGABYTE = 1_048_576;

/** Connections that each send something and read nothing, held open for so long. */
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

/** A body that never ends, a letter a second. */
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

/** A name and an address of its own for each: no limit by network or by name is reached. */
const fromAnywhere = (request: HttpRequest, n: number): HttpRequest => {
  const address = `10.${String((n >> 16) & 255)}.${String((n >> 8) & 255)}.${String(n & 255)}`;
  return { ...request, headers: { ...request.headers, 'X-Forwarded-For': address } };
};

const wrongLogin = (username: string): HttpRequest => {
  const request = login(username);
  return { ...request, body: request.body?.replace('strong', 'wrong') };
};

/** One of each kind that a service on the open net meets. */
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
/** People are not limited here, for those who chat are watched; networks are as by default. */
const LIMITED = {
  RATE_LIMITS: 'on',
  RATE_LIMIT_SPEND: '1000000/s',
  RATE_LIMIT_READ: '1000000/s',
  TRUSTED_PROXIES: '127.0.0.1/32',
};

const many = (make: (n: number) => HttpRequest) => () =>
  Array.from({ length: ADDRESSES }, (_, n) => make(n));

/** A thousand clients without pause: from one address each is refused unseen, from many they are let in by the limits. */
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
