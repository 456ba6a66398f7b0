import { endianness } from 'node:os';

const FLOAT_BYTES = 4;
const BASE64 = /^[A-Z0-9+/]+={0,2}$/i;

/** Swaps the bytes on a big-endian machine, because 32-bit floats are little-endian in the API. */
function inLittleEndian(bytes: Buffer): Buffer {
  return endianness() === 'LE' ? bytes : bytes.swap32();
}

/** Returns the numbers of 32-bit floats in base64. Returns undefined if the text is something else. */
export function floatsOf(base64: string): number[] | undefined {
  if (!BASE64.test(base64)) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length === 0 || bytes.length % FLOAT_BYTES > 0) return undefined;
  // A copy, because the offset of a pooled buffer may not be a multiple of four bytes.
  const floats = new Float32Array(new Uint8Array(inLittleEndian(bytes)).buffer);
  return Array.from(floats);
}

/** Returns numbers as 32-bit floats in base64. */
export function toBase64(numbers: readonly number[]): string {
  return inLittleEndian(Buffer.from(Float32Array.from(numbers).buffer)).toString('base64');
}
