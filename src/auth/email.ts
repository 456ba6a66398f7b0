import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

const EMAIL_MAX = 320;
const ATOM = /^[-!#$%&'*+/=?^\w`{}|~]+(?:\.[-!#$%&'*+/=?^\w`{}|~]+)*$/;
/** Which of the first 32 characters stand in quotes, and which only behind a backslash, is RFC 822's. */
const QUOTED =
  // eslint-disable-next-line no-control-regex -- the rule is about control characters
  /^"(?:[\x01-\x08\v\f\x0e-\x1f!#-[\]-\x7f]|\\[\x01-\x09\v\f\x0e-\x7f])*"$/;
const DOMAIN = /^(?:[A-Z0-9](?:[A-Z0-9-]{0,61}[A-Z0-9])?\.)+[A-Z0-9-]{2,63}(?<!-)$/i;
const ADDRESS_LITERAL = /^\[([A-F0-9:.]+)\]$/i;

/** Whether Django would take it as an address: `name@host.tld`, `name@localhost` or `name@[1.2.3.4]`. */
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

/** `bücher.example` as `xn--bcher-kva.example`. Node reads a whole URL's host, so a `/` must not get there. */
function inPunycode(domain: string): string {
  // eslint-disable-next-line no-control-regex -- ASCII as a range begins with control characters
  return /[\x00-,/:-@[-`{-\x7f]/.test(domain) ? '' : domainToASCII(domain);
}

/** The domain in lower case; what stands before the last `@` may mean its case. */
export function normalizeEmail(email: string): string {
  const at = email.lastIndexOf('@');
  return email.slice(0, at + 1) + email.slice(at + 1).toLowerCase();
}
