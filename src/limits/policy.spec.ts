import { describe, expect, it } from '@jest/globals';
import { policyOf, UNKNOWN_NETWORKS } from './policy.js';

describe('policyOf', () => {
  it('returns a limit with its tenths of a window, and its own keys', () => {
    expect(policyOf('read', { count: 600, windowSeconds: 60 })).toEqual({
      name: 'read',
      quota: 600,
      headerValue: '"read";q=600;w=60',
      tickMs: 6000,
      scope: 'read 600/60 ',
    });
    expect(policyOf('read', { count: 600, windowSeconds: 60 }, 'network').scope).toBe(
      'network 600/60 ',
    );
  });

  it('allows a hundred logins to a name in an hour from all networks that it does not know', () => {
    expect(UNKNOWN_NETWORKS).toEqual({
      name: 'login-account',
      quota: 100,
      headerValue: '"login-account";q=100;w=3600',
      tickMs: 360_000,
      scope: 'login-strangers 100/3600 ',
    });
  });
});
