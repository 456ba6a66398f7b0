/**
 * Strings, which stay unchanged, and the numbers that JSON does not have. A string without an end reaches to the end of
 * the text, so that the time is linear.
 */
const STRINGS_AND_NO_NUMBERS = /"[^"\\]*(?:\\.?[^"\\]*)*(?:"|$)|-?\b(?:NaN|Infinity)\b/gs;

/** The longest text that is read leniently. To look at each string of 1 MiB would block the event loop for 100 ms. */
export const LENIENT_MAX_CHARS = 262_144;

/**
 * Parses a provider's JSON. `NaN` and `Infinity`, which Python writes as numbers, become null. A byte order mark before
 * the text is ignored. Throws a `SyntaxError` for any other text that is no JSON, and for a longer one.
 */
export function parseLenient(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (text.length > LENIENT_MAX_CHARS || !/NaN|Infinity|^\s*\ufeff/.test(text)) throw error;
    const withNull = text
      .trim()
      .replaceAll(STRINGS_AND_NO_NUMBERS, (found) => (found.startsWith('"') ? found : 'null'));
    return JSON.parse(withNull);
  }
}
