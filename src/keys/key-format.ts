import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const KEY_PREFIX = 'tally_';
/** 43 characters have more than 256 random bits. */
const RANDOM_CHARS = 43;
const CHECKSUM_CHARS = 6;
/** Number of characters that are shown of a key: enough to recognise it, far too few to guess it. */
const SHOWN_CHARS = KEY_PREFIX.length + 6;

const KEY = /^tally_([\dA-Za-z]{43})([\dA-Za-z]{6})$/;

/** Returns the CRC32 of a text in base 62, as in GitHub's tokens. Secret scanners use it to recognise real keys. */
function checksumOf(text: string): string {
  let [rest, digits] = [crc32(text), ''];
  while (rest > 0) {
    digits = (ALPHABET[rest % ALPHABET.length] ?? '') + digits;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return digits.padStart(CHECKSUM_CHARS, '0');
}

/** Returns a new API key: `tally_`, 43 random letters and digits, and 6 digits of their checksum. */
export function makeKey(): string {
  const digit = () => ALPHABET[randomInt(ALPHABET.length)] ?? '';
  const random = Array.from({ length: RANDOM_CHARS }, digit).join('');
  return KEY_PREFIX + random + checksumOf(random);
}

/** Returns whether a credential starts like an API key. */
export const isKey = (secret: string): boolean => secret.startsWith(KEY_PREFIX);

/** Returns whether a credential can be one of our keys. A mistyped key is refused without a database query. */
export function isWellFormed(secret: string): boolean {
  const [, random = '', checksum] = KEY.exec(secret) ?? [];
  return checksum !== undefined && checksumOf(random) === checksum;
}

export const prefixOf = (key: string): string => key.slice(0, SHOWN_CHARS);
