import { describe, expect, it } from '@jest/globals';
import type { Principal, Scope } from '../principal.js';
import { mayUse } from './may-use.js';

const KEY_ID = '0198bf9e-6c5b-7c1e-a3c7-9d2f4b8e6a10';
const session: Principal = { userId: 'ada', credentialId: KEY_ID, kind: 'access_token' };
const keyWith = (...scopes: Scope[]): Principal => ({
  ...{ userId: 'ada', credentialId: KEY_ID, kind: 'api_key' },
  key: { name: 'a', scopes, capId: 'cap' },
});

describe('mayUse', () => {
  it('allows every caller to use a model without lists', () => {
    expect([session, keyWith()].map((principal) => mayUse({}, principal))).toEqual([true, true]);
  });

  it('allows only the listed API keys, and no sessions, to use a model with `keys`', () => {
    expect(mayUse({ keys: [KEY_ID] }, keyWith('chat'))).toBe(true);
    expect(mayUse({ keys: [] }, keyWith('chat'))).toBe(false);
    expect(mayUse({ keys: ['another'] }, keyWith('chat'))).toBe(false);
    // The row of an access token has the same id, but it is not an API key.
    expect(mayUse({ keys: [KEY_ID] }, session)).toBe(false);
  });

  it('requires all scopes of the model from an API key, and none from a session', () => {
    const scopes: Scope[] = ['chat', 'wallet'];
    expect(mayUse({ scopes }, keyWith('wallet', 'chat'))).toBe(true);
    expect(mayUse({ scopes }, keyWith('chat'))).toBe(false);
    expect(mayUse({ scopes }, session)).toBe(true);
    expect(mayUse({ scopes, keys: [KEY_ID] }, keyWith('chat'))).toBe(false);
  });
});
