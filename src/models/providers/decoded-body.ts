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

/**
 * Returns the body without its content encoding. The request asks for none, but some proxies compress responses. A
 * body with an unknown encoding is returned unchanged and will not parse. A body that is cut or has another
 * encoding than declared ends in an error.
 */
export function decoded(body: Readable, encoding: string): Readable {
  const decoder = DECODERS[encoding.trim().toLowerCase()];
  // The decoder is read, and it emits the errors of both streams.
  return decoder ? pipeline(body, decoder(), () => undefined) : body;
}
