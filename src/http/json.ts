/** JSON as the reference writes it: no spaces, and the two line ends that JavaScript once choked on escaped. */
export function toJson(payload: unknown): string {
  const text = JSON.stringify(payload);
  if (!/[\u2028\u2029]/.test(text)) return text;
  return text.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
