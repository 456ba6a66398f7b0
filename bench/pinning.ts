import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const CORES = { server: '0', driver: '1', any: `0-${String(availableParallelism() - 1)}` };

export type Side = keyof typeof CORES;

/** Whether each side has its own core. With one core, or without `taskset`, both sides share all cores. */
export const IS_PINNED = availableParallelism() > 1 && !spawnSync('taskset', ['-V']).error;

/** Returns the command that runs on the core of its side only. */
export function pinned(side: Side, command: readonly string[]): string[] {
  return IS_PINNED ? ['taskset', '-c', CORES[side], ...command] : [...command];
}

/** Restricts this process to the driver's core, so that its own work does not slow the server. */
export function pinThisProcess(): void {
  if (IS_PINNED) spawnSync('taskset', ['-a', '-p', '-c', CORES.driver, String(process.pid)]);
}
