import { pipeline, Readable } from 'node:stream';
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
} from 'node:zlib';

/** Decoded data is passed on at once. The next word of a stream must not wait until a block is full. */
const FLUSH_EACH_PART = { flush: constants.Z_SYNC_FLUSH };
type Decoder = ReturnType<typeof createGunzip>;
const DECODERS = new Map<string, (encoded: Readable) => Readable>([
  ['gzip', (encoded) => through(encoded, createGunzip(FLUSH_EACH_PART))],
  ['x-gzip', (encoded) => through(encoded, createGunzip(FLUSH_EACH_PART))],
  ['deflate', (encoded) => Readable.from(inflated(encoded))],
  [
    'br',
    (encoded) =>
      through(encoded, createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH })),
  ],
]);

/** Returns the decoder, which emits the errors of both streams. */
const through = (encoded: Readable, decoder: Decoder): Readable =>
  pipeline(encoded, decoder, () => undefined);

/** Decodes `deflate`. It should have the header of zlib, but some servers leave it out. */
async function* inflated(encoded: Readable): AsyncGenerator<Buffer> {
  const parts = (encoded as AsyncIterable<Buffer, unknown>)[Symbol.asyncIterator]();
  const first = await parts.next();
  if (first.done) return;
  const hasHeader = ((first.value[0] ?? 0) & 0x0f) === ZLIB_METHOD;
  const decoder = hasHeader ? createInflate(FLUSH_EACH_PART) : createInflateRaw(FLUSH_EACH_PART);
  const all = async function* () {
    let part: IteratorResult<Buffer, unknown> = first;
    for (; !part.done; part = await parts.next()) yield part.value;
  };
  yield* through(Readable.from(all()), decoder) as AsyncIterable<Buffer>;
}

/** The last four bits of the first byte of a zlib header. No block without a header begins with them. */
const ZLIB_METHOD = 8;

/** Each decoder costs memory, and nobody encodes three times. */
const ENCODINGS_MAX = 2;
/** Compressions that Node 20 does not know. Text that is readable in them by chance is not an answer. */
const UNSUPPORTED_ENCODINGS = /^(?:zstd|x-zstd|compress|x-compress|dcb|dcz|lzma|xz|bzip2?)$/;

/**
 * Returns the body without its content encodings. The request asks for none, but some proxies compress responses. A
 * body with an unknown compression, or that is cut, or has another encoding than declared, ends in an error. Names
 * that are no compression are ignored.
 */
export function decodeBody(body: Readable, encoding: string): Readable {
  const encodings = encoding.split(',').map((word) => word.trim().toLowerCase());
  if (
    encodings.length > ENCODINGS_MAX ||
    encodings.some((word) => UNSUPPORTED_ENCODINGS.test(word))
  ) {
    body.destroy(Object.assign(new Error(encoding), { code: 'UNKNOWN_ENCODING' }));
    return body;
  }
  return encodings.reduceRight(
    (encoded: Readable, word) => DECODERS.get(word)?.(encoded) ?? encoded,
    body,
  );
}
