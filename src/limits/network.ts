import { isIP } from 'node:net';

/** The eight groups of an IPv6 address, in hex and without leading zeros. */
function groupsOf(address: string): string[] {
  // URLs write IPv6 in one way alone, and with an IPv4 tail as two groups.
  const { hostname } = new URL(`http://[${address.split('%', 1)[0] ?? ''}]/`);
  const [head = '', tail] = hostname.slice(1, -1).split('::');
  const [left, right] = [head, tail ?? ''].map((part) => part.split(':').filter(Boolean));
  const [before, after] = [left ?? [], right ?? []];
  const gap = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(gap).fill('0'), ...after];
}

/** `7f00` and `1` are 127.0.0.1. */
function toIpv4(groups: readonly string[]): string {
  return groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]).join('.');
}

/** Some balancers write the port along; brackets are IPv6's. */
const WITH_PORT = /^\[?((?<=\[)[^\]]+(?=\])|[\d.]+)\]?(?::\d{1,5})?$/;

/**
 * The network that is counted as one: an IPv4 address, or the first 64 bits of an IPv6 address, for that is
 * what one customer has. IPv4 written as IPv6 is IPv4. What is no address, as a proxy may pass on, is one network.
 */
export function networkOf(written: string): string {
  const [, address = written] = WITH_PORT.exec(written) ?? [];
  const version = isIP(address);
  if (version === 4) return address;
  if (version === 0) return 'unknown';
  const groups = groupsOf(address);
  if (groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff') return toIpv4(groups.slice(6));
  return `${groups.slice(0, 4).join(':')}::/64`;
}
