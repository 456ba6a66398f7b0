import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { pinned } from './pinning.js';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string | undefined;
}

/** The results of one run of the driver. Times are in milliseconds. */
export interface Measured {
  /** Number of answers with a status of 2xx. */
  readonly answers: number;
  readonly seconds: number;
  /** Number of answers with any other status. */
  readonly refused: number;
  /** Number of broken connections and of requests without an answer in time. */
  readonly broken: number;
  readonly p50: number;
  readonly p99: number;
}

/** The program that sends requests. wrk uses much less CPU time than undici. */
export const DRIVER = spawnSync('wrk', ['-v']).error ? 'undici' : 'wrk';

/** Returns a request as it is sent over the wire. */
export function toWire({ method, path, headers, body = '' }: HttpRequest): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = body === '' ? '' : `Content-Length: ${String(Buffer.byteLength(body))}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines.join('')}${length}\r\n${body}`;
}

/** Returns the command that sends the requests of the file `path` in turn, and the content of that file. */
function commandFor(
  url: string,
  requests: readonly HttpRequest[],
  path: string,
  { connections, seconds }: { connections: number; seconds: number },
): { command: string[]; content: string } {
  const [count, duration] = [String(connections), String(seconds)];
  if (DRIVER === 'undici') {
    const script = resolve('dist/bench', 'undici-drive.js');
    const command = [process.execPath, script, url, path, count, duration];
    return { command, content: JSON.stringify(requests) };
  }
  const load = ['-t1', `-c${count}`, `-d${duration}s`, '--timeout', '60s'];
  const command = ['wrk', ...load, '-s', resolve('bench', 'wrk.lua'), url, '--', path];
  return { command, content: requests.map(toWire).join('\0') };
}

/** Sends the requests in turn from a second process, over some connections that are always busy. */
export async function drive(
  url: string,
  requests: readonly HttpRequest[],
  load: { connections: number; seconds: number },
): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'tallychat-drive-'));
  try {
    const path = join(folder, 'requests');
    const { command, content } = commandFor(url, requests, path, load);
    await writeFile(path, content);
    const [program = '', ...rest] = pinned('driver', command);
    const { stdout } = await promisify(execFile)(program, rest);
    const line = stdout
      .trimEnd()
      .split('\n')
      .findLast((text) => text.startsWith('{'));
    return JSON.parse(line ?? '') as Measured;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
