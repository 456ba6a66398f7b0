const ATOM = /^[-!#$%&'*+/=?^_`{}|~0-9A-Z]+(\.[-!#$%&'*+/=?^_`{}|~0-9A-Z]+)*$/i;
const QUOTED = /^"([^\\"\p{Cc}]|\\[^\p{Cc}])*"$/u;
const LABEL = /^[\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u;
const TOP_LABEL = /^(?!\d+$)[\p{L}\p{N}-]{2,63}(?<!-)$/u;
const ADDRESS_LITERAL = /^\[[\da-f:.]+\]$/i;

/** Whether Django would take it as an address: `name@host.tld`, `name@localhost` or `name@[1.2.3.4]`. */
export function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  if (at < 1) return false;
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  if (!ATOM.test(local) && !QUOTED.test(local)) return false;
  if (domain.toLowerCase() === 'localhost' || ADDRESS_LITERAL.test(domain)) return true;
  const labels = domain.split('.');
  const top = labels.pop() ?? '';
  return labels.length > 0 && labels.every((label) => LABEL.test(label)) && TOP_LABEL.test(top);
}

/** The domain in lower case; what stands before the last `@` may mean its case. */
export function normalizeEmail(email: string): string {
  const at = email.lastIndexOf('@');
  return email.slice(0, at + 1) + email.slice(at + 1).toLowerCase();
}
