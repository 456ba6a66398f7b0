import { pipeline, type Readable } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** What has come is given out at once: a stream's next word must not wait for the block to be full. */
const EACH_PART = { flush: constants.Z_SYNC_FLUSH };
const DECODERS: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: () => createGunzip(EACH_PART),
  'x-gzip': () => createGunzip(EACH_PART),
  deflate: () => createInflate(EACH_PART),
  br: () => createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH }),
};

/**
 * The body without its encoding. None is asked for, but some proxies pack what passes. What is packed in an
 * unknown way stays as it is, and is no answer then. A body that is cut, or not what it says, ends in an error.
 */
export function decoded(body: Readable, encoding: string): Readable {
  const decoder = DECODERS[encoding.trim().toLowerCase()];
  // An error of either is an error of the decoder, which is being read.
  return decoder ? pipeline(body, decoder(), () => undefined) : body;
}
