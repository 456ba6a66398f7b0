import { isIP } from 'node:net';
import { EnvError, makeValidator } from 'envalid';

/** Returns the items of a comma-separated setting. */
export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/**
 * Whether a text is an address, or a network in CIDR form. A number is refused, because it would trust a
 * number of hops, which callers can forge.
 */
function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0) return false;
  if (prefix === undefined) return true;
  const bits = Number(prefix);
  return /^\d{1,3}$/.test(prefix) && bits >= 1 && bits <= (version === 4 ? 32 : 128);
}

/**
 * Whether a text is an origin as a browser sends it in `Origin`: without a path, without capitals, and
 * without the default port of its scheme.
 */
function isOrigin(text: string): boolean {
  if (/^https?:/i.test(text)) return URL.canParse(text) && new URL(text).origin === text;
  return /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@,*A-Z]+$/.test(text);
}

export const networks = makeValidator<string>((input) => {
  if (splitList(input).every(isNetwork)) return input;
  throw new EnvError('must be addresses or networks such as 10.0.0.0/8, separated by commas');
});

export const origins = makeValidator<string>((input) => {
  const list = splitList(input);
  if (list.every(isOrigin) || (list.length === 1 && list[0] === '*')) return input;
  throw new EnvError('must be * or origins such as https://chat.example.org, separated by commas');
});
