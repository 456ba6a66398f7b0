import { createHash } from 'node:crypto';

/** The SHA-256 of a text, as 64 hex digits. */
export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
