/**
 * JSON as the reference writes it: no spaces unless they were asked for, and the two line ends that
 * JavaScript once choked on escaped.
 */
export function toJson(payload: unknown, indent = 0): string {
  const text = JSON.stringify(payload, null, indent);
  if (!/[\u2028\u2029]/.test(text)) return text;
  return text.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
