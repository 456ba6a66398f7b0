import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { until } from '../../../test/support/until.js';
import { decodeBody } from './decoded-body.js';

const TEXT = 'data: {"choices":[]}\n\n'.repeat(50);
const WHOLE = Buffer.from(TEXT);
const STORED = { level: 0 };

/** Returns a body that arrives byte by byte, or in one part. */
function bodyOf(bytes: Buffer, partBytes: number): Readable {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += partBytes)
    parts.push(bytes.subarray(at, at + partBytes));
  return Readable.from(parts);
}

async function read(body: Readable): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of body as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe('a body with a content encoding', () => {
  it.each<[string, string, Buffer]>([
    ['none', '', WHOLE],
    ['identity', 'identity', WHOLE],
    ['the name of a charset', 'utf-8', WHOLE],
    ['the name of a property', 'toString', WHOLE],
    ['gzip', 'gzip', gzipSync(WHOLE)],
    ['gzip, by its older name', ' X-GZIP ', gzipSync(WHOLE)],
    ['br', 'br', brotliCompressSync(WHOLE)],
    ['deflate', 'deflate', deflateSync(WHOLE)],
    ['deflate that only stores', 'deflate', deflateSync(WHOLE, STORED)],
    ['deflate without a header', 'deflate', deflateRawSync(WHOLE)],
    ['deflate without a header that only stores', 'deflate', deflateRawSync(WHOLE, STORED)],
    ['two encodings', 'deflate, gzip', gzipSync(deflateRawSync(WHOLE))],
    ['deflate over another one', 'br, deflate', deflateRawSync(brotliCompressSync(WHOLE))],
  ])('is decoded: %s', async (_, encoding, bytes) => {
    expect(await read(decodeBody(bodyOf(bytes, 1), encoding))).toBe(TEXT);
    expect(await read(decodeBody(bodyOf(bytes, bytes.length), encoding))).toBe(TEXT);
  });

  it.each<[string, string, Buffer]>([
    ['is cut', 'gzip', gzipSync(WHOLE).subarray(0, 30)],
    ['is cut', 'br', brotliCompressSync(WHOLE).subarray(0, 20)],
    ['is cut', 'deflate', deflateSync(WHOLE).subarray(0, 20)],
    ['is cut, without a header', 'deflate', deflateRawSync(WHOLE).subarray(0, 20)],
    ['has another encoding', 'gzip', WHOLE],
    ['has another encoding', 'deflate', WHOLE],
    ['has an unknown encoding', 'zstd', WHOLE],
    ['has three encodings', 'gzip, gzip, gzip', gzipSync(gzipSync(gzipSync(WHOLE)))],
  ])('ends in an error if it %s: %s', async (_, encoding, bytes) => {
    await expect(read(decodeBody(bodyOf(bytes, 7), encoding))).rejects.toThrow();
  });

  it.each(['gzip', 'br', 'deflate'])(
    'ends in the error of its connection: %s',
    async (encoding) => {
      // eslint-disable-next-line @typescript-eslint/require-await -- a stream by contract
      async function* broken() {
        yield encoding === 'gzip' ? gzipSync(WHOLE).subarray(0, 9) : Buffer.from([120]);
        throw new Error('reset');
      }
      await expect(read(decodeBody(Readable.from(broken()), encoding))).rejects.toThrow('reset');
    },
  );

  it.each<[string, Buffer]>([
    ['gzip', gzipSync(WHOLE)],
    ['br', brotliCompressSync(WHOLE)],
    ['deflate', deflateSync(WHOLE)],
    ['deflate', deflateRawSync(WHOLE)],
  ])(
    'leaves its connection if it is left, also while it is silent: %s',
    async (encoding, bytes) => {
      for (const count of [0, 9]) {
        const body = new Readable({ read: () => undefined });
        if (count > 0) body.push(bytes.subarray(0, count));
        const decoded = decodeBody(body, encoding);
        const end = finished(decoded);
        decoded.resume();
        await setImmediate();
        decoded.destroy();
        await expect(end).rejects.toThrow('Premature close');
        await until(() => body.destroyed);
      }
    },
  );

  it.each(['gzip', 'br', 'deflate'])(
    'ends in an error if it is empty, also if that is known from the start: %s',
    async (encoding) => {
      for (const isEnded of [true, false]) {
        const body = new Readable({ read: () => undefined });
        if (isEnded) body.push(null);
        await setImmediate();
        const text = read(decodeBody(body, encoding)).catch(() => 'an error');
        if (!isEnded) body.push(null);
        expect(['an error', '']).toContain(await text);
      }
    },
  );

  it.each(['gzip', 'br', 'deflate'])(
    'does not end the process if nobody reads it: %s',
    async (encoding) => {
      const body = new Readable({ read: () => undefined });
      const decoded = decodeBody(body, encoding);
      body.on('error', () => undefined);
      body.destroy(new Error('over'));
      await until(() => decoded.destroyed);
    },
  );

  it('passes on what has arrived before the rest', async () => {
    const body = new Readable({ read: () => undefined });
    body.push(deflateRawSync(WHOLE).subarray(0, -1));
    const parts = decodeBody(body, 'deflate')[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    expect(String((await parts.next()).value)).toContain('data: ');
    body.destroy();
    await expect(parts.next()).rejects.toThrow();
  });
});
