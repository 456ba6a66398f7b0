import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

const EMAIL_MAX = 320;
const ATOM = /^[-!#$%&'*+/=?^\w`{}|~]+(?:\.[-!#$%&'*+/=?^\w`{}|~]+)*$/;
/** Quoted local part. RFC 822 defines which of the first 32 characters may be quoted, and which need a backslash. */
const QUOTED =
  // eslint-disable-next-line no-control-regex -- the rule is about control characters
  /^"(?:[\x01-\x08\v\f\x0e-\x1f!#-[\]-\x7f]|\\[\x01-\x09\v\f\x0e-\x7f])*"$/;
const DOMAIN = /^(?:[A-Z0-9](?:[A-Z0-9-]{0,61}[A-Z0-9])?\.)+[A-Z0-9-]{2,63}(?<!-)$/i;
const ADDRESS_LITERAL = /^\[([A-F0-9:.]+)\]$/i;

/**
 * Returns whether Django accepts the text as an email address: `name@host.tld`, `name@localhost` or
 * `name@[1.2.3.4]`.
 */
export function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  if (at < 1 || text.length > EMAIL_MAX) return false;
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  if (!ATOM.test(local) && !QUOTED.test(local)) return false;
  return domain === 'localhost' || isDomain(domain) || isDomain(inPunycode(domain));
}

function isDomain(domain: string): boolean {
  const address = ADDRESS_LITERAL.exec(domain)?.[1];
  return DOMAIN.test(domain) || (address !== undefined && isIP(address) > 0);
}

/**
 * Returns the domain in Punycode: `bücher.example` as `xn--bcher-kva.example`. Node parses the host of a
 * whole URL, so a `/` must not reach it.
 */
function inPunycode(domain: string): string {
  // eslint-disable-next-line no-control-regex -- ASCII as a range begins with control characters
  return /[\x00-,/:-@[-`{-\x7f]/.test(domain) ? '' : domainToASCII(domain);
}

/** Returns the address with its domain in lower case. The part before the last `@` may be case-sensitive. */
export function normalizeEmail(email: string): string {
  const at = email.lastIndexOf('@');
  return email.slice(0, at + 1) + email.slice(at + 1).toLowerCase();
}

/**
 * Returns the spellings under which an address may be stored: as typed, in lower case, and with a capital at its
 * start, which phones write by themselves. An index finds these. It could not find every mix of cases.
 */
export function emailSpellings(email: string): string[] {
  const typed = normalizeEmail(email);
  const lower = typed.toLowerCase();
  return [...new Set([typed, lower, lower.slice(0, 1).toUpperCase() + lower.slice(1)])];
}
