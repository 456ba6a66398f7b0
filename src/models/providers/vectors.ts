import { endianness } from 'node:os';

const FLOAT_BYTES = 4;
const BASE64 = /^[A-Z0-9+/]+={0,2}$/i;

/** 32-bit floats are little-endian on this wire. */
function turned(bytes: Buffer): Buffer {
  return endianness() === 'LE' ? bytes : bytes.swap32();
}

/** The numbers of 32-bit floats in base64; undefined where it is something else. */
export function floatsOf(base64: string): number[] | undefined {
  if (!BASE64.test(base64)) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length === 0 || bytes.length % FLOAT_BYTES > 0) return undefined;
  // A copy: a buffer's place in its pool need not be one of floats.
  const floats = new Float32Array(new Uint8Array(turned(bytes)).buffer);
  return Array.from(floats);
}

/** Numbers as 32-bit floats in base64. */
export function toBase64(numbers: readonly number[]): string {
  return turned(Buffer.from(Float32Array.from(numbers).buffer)).toString('base64');
}
