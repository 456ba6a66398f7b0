import { pipeline, type Readable } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** Decoded data is passed on at once. The next word of a stream must not wait until a block is full. */
const FLUSH_EACH_PART = { flush: constants.Z_SYNC_FLUSH };
const DECODERS: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: () => createGunzip(FLUSH_EACH_PART),
  'x-gzip': () => createGunzip(FLUSH_EACH_PART),
  deflate: () => createInflate(FLUSH_EACH_PART),
  br: () => createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH }),
};

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
  // The last decoder is read, and it emits the errors of all streams.
  return encodings.reduceRight((encoded: Readable, word) => {
    const decoder = DECODERS[word];
    return decoder ? pipeline(encoded, decoder(), () => undefined) : encoded;
  }, body);
}
