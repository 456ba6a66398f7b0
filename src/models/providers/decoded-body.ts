import { pipeline, type Readable } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** Decoded data is passed on at once. The next word of a stream must not wait until a block is full. */
const EACH_PART = { flush: constants.Z_SYNC_FLUSH };
const DECODERS: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: () => createGunzip(EACH_PART),
  'x-gzip': () => createGunzip(EACH_PART),
  deflate: () => createInflate(EACH_PART),
  br: () => createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH }),
};

/** Each decoder costs memory, and nobody encodes three times. */
const PACKINGS_MAX = 2;
/** Compressions that Node 20 does not know. Text that is readable in them by chance is not an answer. */
const UNREADABLE = /^(?:zstd|x-zstd|compress|x-compress|dcb|dcz|lzma|xz|bzip2?)$/;

/**
 * Returns the body without its content encodings. The request asks for none, but some proxies compress responses. A
 * body with an unknown compression, or that is cut, or has another encoding than declared, ends in an error. Names
 * that are no compression are ignored.
 */
export function decoded(body: Readable, encoding: string): Readable {
  const packings = encoding.split(',').map((word) => word.trim().toLowerCase());
  if (packings.length > PACKINGS_MAX || packings.some((word) => UNREADABLE.test(word))) {
    body.destroy(Object.assign(new Error(encoding), { code: 'UNKNOWN_ENCODING' }));
    return body;
  }
  // The last decoder is read, and it emits the errors of all streams.
  return packings.reduceRight((packed: Readable, word) => {
    const decoder = DECODERS[word];
    return decoder ? pipeline(packed, decoder(), () => undefined) : packed;
  }, body);
}
