import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const START = 'tally_';
/** More than 256 random bits. */
const RANDOM_CHARS = 43;
const CHECKSUM_CHARS = 6;
/** What is shown of a key: enough to tell it from others, and far from enough to guess it. */
const SHOWN_CHARS = START.length + 6;

const KEY = /^tally_([\dA-Za-z]{43})([\dA-Za-z]{6})$/;

/** The CRC32 of a text in base 62, as GitHub's tokens have it: scanners of secrets know real ones by it. */
function checksumOf(text: string): string {
  let [rest, digits] = [crc32(text), ''];
  while (rest > 0) {
    digits = (ALPHABET[rest % ALPHABET.length] ?? '') + digits;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return digits.padStart(CHECKSUM_CHARS, '0');
}

/** A new API key: `tally_`, 43 random letters and digits, and 6 of their checksum. */
export function makeKey(): string {
  const digit = () => ALPHABET[randomInt(ALPHABET.length)] ?? '';
  const random = Array.from({ length: RANDOM_CHARS }, digit).join('');
  return START + random + checksumOf(random);
}

/** Whether a credential calls itself an API key. */
export const isKey = (secret: string): boolean => secret.startsWith(START);

/** Whether it can be one of ours: a slip of the hand costs no look-up. */
export function isWellFormed(secret: string): boolean {
  const [, random = '', checksum] = KEY.exec(secret) ?? [];
  return checksum !== undefined && checksumOf(random) === checksum;
}

export const prefixOf = (key: string): string => key.slice(0, SHOWN_CHARS);
