import { isIP } from 'node:net';
import proxyAddr from '@fastify/proxy-addr';

/** Returns the eight groups of an IPv6 address, in hex and without leading zeros. */
function groupsOf(address: string): string[] {
  // A URL writes IPv6 in only one form, and an IPv4 tail as two groups.
  const { hostname } = new URL(`http://[${address.split('%', 1)[0] ?? ''}]/`);
  const [head = '', tail] = hostname.slice(1, -1).split('::');
  const [left, right] = [head, tail ?? ''].map((part) => part.split(':').filter(Boolean));
  const [before, after] = [left ?? [], right ?? []];
  const gap = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(gap).fill('0'), ...after];
}

/** Converts two groups to IPv4: `7f00` and `1` become 127.0.0.1. */
function toIpv4(groups: readonly string[]): string {
  return groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]).join('.');
}

/** Some balancers add the port. Brackets belong to IPv6 addresses. */
const WITH_PORT = /^\[?((?<=\[)[^\]]+(?=\])|[\d.]+)\]?(?::\d{1,5})?$/;

const withoutPort = (written: string): string => WITH_PORT.exec(written)?.[1] ?? written;

/**
 * Returns a function that checks whether an address is one of the trusted proxies. `X-Forwarded-For` may list inner
 * proxies with a port. If such a proxy were not recognised, all callers behind it would count as one network.
 */
export function trustOf(proxies: readonly string[]): (address: string, hop: number) => boolean {
  if (proxies.length === 0) return () => false;
  const trusts = proxyAddr.compile([...proxies]);
  return (address, hop) => trusts(withoutPort(address), hop);
}

/**
 * Returns the network that is counted as one caller. This is an IPv4 address, or the first 64 bits of an IPv6
 * address, because one customer has that many. IPv4 written as IPv6 is IPv4. All invalid addresses, which a proxy
 * may pass on, count as one network.
 */
export function networkOf(written: string): string {
  const address = withoutPort(written);
  const version = isIP(address);
  if (version === 4) return address;
  if (version === 0) return 'unknown';
  const groups = groupsOf(address);
  if (groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff') return toIpv4(groups.slice(6));
  return `${groups.slice(0, 4).join(':')}::/64`;
}
