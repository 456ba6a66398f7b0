import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const CORES = { server: '0', driver: '1', any: `0-${String(availableParallelism() - 1)}` };

export type Side = keyof typeof CORES;

/** Whether each side has a core of its own: with one core, or without `taskset`, they share what there is. */
export const IS_PINNED = availableParallelism() > 1 && !spawnSync('taskset', ['-V']).error;

/** The command, kept to the core of its side. */
export function pinned(side: Side, command: readonly string[]): string[] {
  return IS_PINNED ? ['taskset', '-c', CORES[side], ...command] : [...command];
}

/** Keeps this process to the driver's core: what it opens and serves itself must not cost the server. */
export function pinMyself(): void {
  if (IS_PINNED) spawnSync('taskset', ['-a', '-p', '-c', CORES.driver, String(process.pid)]);
}
