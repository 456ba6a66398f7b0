import { textReader } from '../fields/text-reader.js';

export const SEARCH_MAX_CHARS = 200;

const read = textReader('search', {
  optional: true,
  mayBeBlank: true,
  whiteSpace: 'keep',
  maxCodePoints: SEARCH_MAX_CHARS,
});

/**
 * Validates the text of `?search=`. Returns undefined if it is missing or empty. Throws `ValidationFailed`.
 */
export function readSearch(search: string | undefined): string | undefined {
  return read(search) || undefined;
}
