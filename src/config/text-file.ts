import { readFileSync } from 'node:fs';

/**
 * A file that people write, without the mark that Windows puts before its first letter. Throws one sentence
 * that names the file: for what is no UTF-8 too, since it would be read as something else.
 */
export function readText(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const isEncoding =
      (error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA';
    const why = isEncoding ? 'is not UTF-8: save it in that encoding' : 'cannot be read';
    throw new Error(`${path} ${why}`, { cause: error });
  }
}
