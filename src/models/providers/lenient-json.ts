/**
 * Strings, which stay unchanged, and the numbers that JSON does not have. A string without an end reaches to the end of
 * the text, so that the time is linear.
 */
const STRINGS_AND_NO_NUMBERS = /"[^"\\]*(?:\\.?[^"\\]*)*(?:"|$)|-?\b(?:NaN|Infinity)\b/gs;

/**
 * Parses a provider's JSON. `NaN` and `Infinity`, which Python writes as numbers, become null. A byte order mark before
 * the text is ignored. Throws a `SyntaxError` for any other text that is no JSON.
 */
export function parseLenient(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity|^\s*\ufeff/.test(text)) throw error;
    const withNull = text
      .trim()
      .replaceAll(STRINGS_AND_NO_NUMBERS, (found) => (found.startsWith('"') ? found : 'null'));
    return JSON.parse(withNull);
  }
}
