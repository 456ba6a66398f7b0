import type { Config } from '../config/config.js';

/** The bytes and conversations that a change adds for an owner; negative for what is deleted. */
export interface Stored {
  readonly bytes: number;
  readonly conversations: number;
}

export const NOTHING_STORED: Stored = { bytes: 0, conversations: 0 };

/** The most that a wallet's owner may store after a change, as parameters for `hasRoom`. */
export type StorageBounds = readonly [bytesMax: number, conversationsMax: number];

/**
 * Returns the bounds for a change. A change that adds nothing is always accepted, even if a bound was lowered
 * since. A bound of 0 means no bound.
 */
export function storageBoundsFor(
  { storedMaxBytes, conversationsMax }: Config,
  { bytes, conversations }: Stored,
): StorageBounds {
  const boundFor = (added: number, max: number) =>
    added > 0 && max > 0 ? max : Number.MAX_SAFE_INTEGER;
  return [boundFor(bytes, storedMaxBytes), boundFor(conversations, conversationsMax)];
}

/** SQL: counts what is stored, in the same statement that pays for it. */
export const addStored = (bytes: string, conversations: string) =>
  `stored_bytes = stored_bytes + ${bytes}, conversation_count = conversation_count + ${conversations}`;

/**
 * SQL: whether there is room. Every statement that stores contains this condition, so nothing is read and
 * compared in memory.
 */
export const hasRoom = (bytes: string, conversations: string, bytesMax: string, countMax: string) =>
  `stored_bytes + ${bytes} <= ${bytesMax} AND conversation_count + ${conversations} <= ${countMax}`;
