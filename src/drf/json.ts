import { replaceEach } from './text.js';

/**
 * Returns JSON as the reference writes it: without spaces unless an indent is requested, and with U+2028 and U+2029
 * escaped, because older JavaScript could not parse them.
 */
export function toJson(payload: unknown, indent = 0): string {
  const text = JSON.stringify(payload, null, indent);
  if (!/[\u2028\u2029]/.test(text)) return text;
  return replaceEach(replaceEach(text, '\u2028', '\\u2028'), '\u2029', '\\u2029');
}
