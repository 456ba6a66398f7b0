import { describe, expect, it } from '@jest/globals';
import { importPassword, isPbkdf2, verifyPbkdf2 } from './django-password.js';

/** From the tests of Django 3.2 and 5.2. */
const RECORDED = [
  'pbkdf2_sha256$260000$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo=',
  'pbkdf2_sha256$1000000$seasalt$r1uLUxoxpP2Ued/qxvmje7UH9PUJBkRrvf9gGPL7Cps=',
];
const DIGEST = 'YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo=';

describe('a password of Django', () => {
  it.each(RECORDED)('verifies a hash of %s', async (hash) => {
    expect(importPassword(hash)).toEqual({ passwordHash: hash, unknownHasher: '' });
    expect(await verifyPbkdf2(hash, 'lètmein')).toBe(true);
    expect(await verifyPbkdf2(hash, 'letmein')).toBe(false);
  });

  it('stores an argon2id hash without Django’s name of the algorithm', () => {
    const phc = '$argon2id$v=19$m=102400,t=2,p=8$c2FsdHNhbHQ$aGFzaA';
    expect(importPassword(`argon2${phc}`)).toEqual({ passwordHash: phc, unknownHasher: '' });
  });

  it('accepts no password if the hash is unusable', () => {
    for (const none of ['', '!', '!d3f2']) {
      expect(importPassword(none)).toEqual({ passwordHash: '!', unknownHasher: '' });
    }
  });

  it.each([
    ['pbkdf2_sha256', `pbkdf2_sha256$5000001$salt$${DIGEST}`],
    ['pbkdf2_sha256', `pbkdf2_sha256$0$salt$${DIGEST}`],
    ['pbkdf2_sha256', `pbkdf2_sha256$1000$salt$${DIGEST}x`],
    ['pbkdf2_sha256', `pbkdf2_sha256$1e3$salt$${DIGEST}`],
    ['pbkdf2_sha1', 'pbkdf2_sha1$260000$seasalt$wAibXvW6jgvatCdONi6SMJ6q7mI='],
    ['bcrypt_sha256', 'bcrypt_sha256$$2b$12$abc'],
    ['argon2', 'argon2$argon2id$v=19$m=9999999,t=2,p=8$c2FsdHNhbHQ$aGFzaA'],
    ['argon2', 'argon2$argon2i$v=19$m=1024,t=2,p=8$c2FsdHNhbHQ$aGFzaA'],
    ['argon2', 'argon2$argon2id$v=19$m=102400,t=2,p=8$'],
    ['argon2', 'argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdHNhbHQ'],
    ['argon2', 'argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA'],
    ['argon2', 'argon2$argon2id$v=19$m=63,t=2,p=8$c2FsdHNhbHQ$aGFzaA'],
    ['argon2', 'argon2$argon2id$v=19$m=102400,t=0,p=8$c2FsdHNhbHQ$aGFzaA'],
    ['argon2', 'argon2$argon2id$v=19$m=102400,t=2,p=0$c2FsdHNhbHQ$aGFzaA'],
    ['of no known form', 'plain'],
  ])('refuses to import a hash of %s and names its hasher: %s', (hasher, stored) => {
    expect(isPbkdf2(stored)).toBe(false);
    expect(importPassword(stored)).toEqual({ passwordHash: '!', unknownHasher: hasher });
  });
});
