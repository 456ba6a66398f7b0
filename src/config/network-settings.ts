import { isIP } from 'node:net';
import { EnvError, makeValidator } from 'envalid';

/** The words of a comma-separated setting. */
export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** An address, or a network in CIDR form. A number is neither: it would trust by hops, which can be forged. */
function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0) return false;
  if (prefix === undefined) return true;
  const bits = Number(prefix);
  return /^\d{1,3}$/.test(prefix) && bits >= 1 && bits <= (version === 4 ? 32 : 128);
}

/** As a browser writes it in `Origin`: no path, no capitals, no port that is the scheme's own. */
function isOrigin(text: string): boolean {
  if (/^https?:/i.test(text)) return URL.canParse(text) && new URL(text).origin === text;
  return /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@,*A-Z]+$/.test(text);
}

export const networks = makeValidator<string>((input) => {
  if (listOf(input).every(isNetwork)) return input;
  throw new EnvError('must be addresses or networks such as 10.0.0.0/8, separated by commas');
});

export const origins = makeValidator<string>((input) => {
  const list = listOf(input);
  if (list.every(isOrigin) || (list.length === 1 && list[0] === '*')) return input;
  throw new EnvError('must be * or origins such as https://chat.example.org, separated by commas');
});
