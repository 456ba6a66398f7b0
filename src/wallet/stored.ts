import type { Config } from '../config/config.js';

/** What something makes the database keep for its owner; below zero for what is deleted. */
export interface Stored {
  readonly bytes: number;
  readonly conversations: number;
}

export const NOTHING_STORED: Stored = { bytes: 0, conversations: 0 };

/** The most that a wallet's owner may keep afterwards, as the parameters of `fits`. */
export type Room = readonly [bytesMax: number, conversationsMax: number];

/** What adds nothing is never refused, though a bound was lowered since; 0 is no bound. */
export function roomFor(
  { storedMaxBytes, conversationsMax }: Config,
  { bytes, conversations }: Stored,
): Room {
  const most = (added: number, max: number) =>
    added > 0 && max > 0 ? max : Number.MAX_SAFE_INTEGER;
  return [most(bytes, storedMaxBytes), most(conversations, conversationsMax)];
}

/** SQL: counts what is stored, in the statement that pays for it. */
export const stores = (bytes: string, conversations: string) =>
  `stored_bytes = stored_bytes + ${bytes}, conversation_count = conversation_count + ${conversations}`;

/** SQL: whether there is room for it. Every statement that stores has it, so that nothing is read and compared. */
export const fits = (bytes: string, conversations: string, bytesMax: string, countMax: string) =>
  `stored_bytes + ${bytes} <= ${bytesMax} AND conversation_count + ${conversations} <= ${countMax}`;
