import { Readable } from 'node:stream';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { BLOCKED_MAX_MS, leastBlockedMs } from '../../../test/support/blocking.js';
import { AnswerReader } from '../answers/answer-reader.js';
import { decodeBody } from './decoded-body.js';
import { EventTooLarge } from '../answers/event-reader.js';

const MIB = 1_048_576;
const DECODED_BYTES = 16 * MIB;
const BLANK = Buffer.alloc(DECODED_BYTES, '\n');
const WORD = Buffer.alloc(DECODED_BYTES, 'a');
const FAST = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const ENCODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gzipSync,
  deflate: deflateSync,
  'deflate without a header': deflateRawSync,
  br: (bytes) => brotliCompressSync(bytes, FAST),
};
const FORMS = Object.keys(ENCODERS);

/** Returns the body of `bytes` in one part. It is a thousand times smaller. */
function bombOf(form: string, bytes: Buffer): Readable {
  const packed = ENCODERS[form]?.(bytes) ?? Buffer.alloc(0);
  expect(packed.length).toBeLessThan(DECODED_BYTES / 500);
  return decodeBody(Readable.from([packed]), form.split(' ')[0] ?? '');
}

/** Reads a body as an answer. Returns its bytes, its error, why it is broken, and the longest time for which nothing else ran. */
async function readBomb(body: Readable) {
  const reader = new AnswerReader(() => undefined);
  let bytes = 0;
  let longestMs = 0;
  let error: unknown;
  let last = performance.now();
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      bytes += part.length;
      for (const deltas of reader.read(part)) expect(deltas).toEqual([]);
      longestMs = Math.max(longestMs, performance.now() - last);
      if (reader.isBroken) break;
      await setImmediate();
      last = performance.now();
    }
  } catch (thrown) {
    error = thrown;
  }
  reader.close();
  return { bytes, longestMs, error, fault: reader.fault };
}

describe('a small body that is large when it is decoded', () => {
  it.each(FORMS)('is decoded only as far as it is read: %s', async (form) => {
    const body = bombOf(form, BLANK);
    const parts = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const before = process.memoryUsage().arrayBuffers;
    let bytes = ((await parts.next()).value as Buffer).length;
    // Until no more is decoded, or too much.
    let known = -1;
    while (known < Math.min(body.readableLength, MIB)) {
      known = body.readableLength;
      await setTimeout(50);
    }
    expect(body.readableLength).toBeLessThan(MIB);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(DECODED_BYTES / 2);
    for (let part = await parts.next(); !part.done; part = await parts.next())
      bytes += part.value.length;
    expect(bytes).toBe(DECODED_BYTES);
  });

  it.each(FORMS)('is left after the largest event: %s', async (form) => {
    const body = bombOf(form, WORD);
    const { bytes, error } = await readBomb(body);
    expect(error).toBeInstanceOf(EventTooLarge);
    expect(bytes).toBeLessThan(2 * MIB);
    expect(body.destroyed).toBe(true);
  });

  it.each(FORMS)('is left after many events without output: %s', async (form) => {
    const event = 'data: {}\n\n';
    const body = bombOf(form, Buffer.alloc(DECODED_BYTES, event));
    const { bytes, fault } = await readBomb(body);
    expect(fault).toBe('the provider sent too much without output');
    expect(bytes).toBeLessThan(DECODED_BYTES / 3);
    expect(body.destroyed).toBe(true);
  });

  it.each(FORMS)('does not hold the event loop with blank lines: %s', async (form) => {
    const blockedMs = await leastBlockedMs(async () => {
      const { bytes, longestMs, error } = await readBomb(bombOf(form, BLANK));
      expect([bytes, error]).toEqual([DECODED_BYTES, undefined]);
      return longestMs;
    });
    expect(blockedMs).toBeLessThan(BLOCKED_MAX_MS);
  });
});
