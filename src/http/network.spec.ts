import { describe, expect, it } from '@jest/globals';
import { networkOf, trustOf } from './network.js';

describe('networkOf', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['203.0.113.7:49152', '203.0.113.7'],
    ['[2001:db8:1:2::3]:443', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::3]', '2001:db8:1:2::/64'],
    ['[::ffff:203.0.113.7]:443', '203.0.113.7'],
    ['203.0.113.7:http', 'unknown'],
    ['not an address', 'unknown'],
    ['', 'unknown'],
  ])('counts %s as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('trustOf', () => {
  const isTrusted = trustOf(['10.0.0.0/8', '2001:db8:ffff::/48']);

  it.each([
    '10.0.0.7',
    '10.0.0.7:443',
    '::ffff:10.0.0.7',
    '[::ffff:10.0.0.7]:443',
    '2001:db8:ffff::7',
    '[2001:db8:ffff::7]',
    '[2001:db8:ffff::7]:443',
  ])('trusts %s', (address) => {
    expect(isTrusted(address, 1)).toBe(true);
  });

  it.each(['11.0.0.7:443', '[2001:db8:fffe::7]:443', '10.0.0.7:https', '10.0.0.7:443:1', 'x', ''])(
    'does not trust "%s"',
    (address) => {
      expect(isTrusted(address, 1)).toBe(false);
    },
  );

  it('trusts no address without trusted proxies', () => {
    expect(trustOf([])('127.0.0.1', 0)).toBe(false);
  });
});
