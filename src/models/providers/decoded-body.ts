import { PassThrough, pipeline, type Readable } from 'node:stream';
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
  ['deflate', inflate],
  [
    'br',
    (encoded) =>
      through(encoded, createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH })),
  ],
]);

/** Returns the decoder, which emits the errors of both streams. */
const through = (encoded: Readable, decoder: Decoder): Readable =>
  pipeline(encoded, decoder, () => undefined);

/**
 * Decodes `deflate`. It should have the header of zlib, but some servers leave it out. The first byte shows that, so the
 * decoder is chosen when it arrives.
 */
function inflate(encoded: Readable): Readable {
  const decoded = new PassThrough();
  // Until the decoder is chosen nothing else connects the two streams. An answer that nobody reads has no other listener
  // for the error, and an error without a listener would end the process.
  decoded.on('error', () => undefined);
  encoded.once('error', (error) => decoded.destroy(error));
  decoded.once('close', () => encoded.destroy());
  const choose = () => {
    encoded.off('readable', choose).off('end', choose);
    // A body that is empty from the start may end without being readable.
    if (encoded.readableEnded) return void decoded.destroy(new Error('an empty body'));
    const first = encoded.read(1) as Buffer | null;
    if (first) encoded.unshift(first);
    const hasHeader = ((first?.[0] ?? ZLIB_METHOD) & 0x0f) === ZLIB_METHOD;
    const decoder = hasHeader ? createInflate(FLUSH_EACH_PART) : createInflateRaw(FLUSH_EACH_PART);
    pipeline(encoded, decoder, decoded, () => undefined);
  };
  encoded.on('readable', choose).on('end', choose);
  return decoded;
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
