import { readFileSync } from 'node:fs';

/**
 * Reads a text file without the byte order mark that Windows writes at its beginning. Throws an error with
 * one sentence that names the file. It also throws if the file is not UTF-8, because its text would be read
 * wrongly.
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
