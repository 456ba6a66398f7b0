import { readFile } from 'node:fs/promises';

/** The unit in which the kernel counts the time of a process. */
const TICK_MS = 10;

/** The CPU time of a process, in milliseconds, and its parent. */
interface CpuTime {
  readonly ms: number;
  /** The CPU time of its children that have ended. */
  readonly endedMs: number;
  readonly parent: string;
}

/** Returns the CPU time since the process started. Returns undefined if the process or `/proc` does not exist. */
export async function cpuTimeOf(pid: string): Promise<CpuTime | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The second field is a name that may contain spaces. The fourth field is the parent.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = (first: number) => Number(fields[first] ?? 0) + Number(fields[first + 1] ?? 0);
  return { ms: ticks(11) * TICK_MS, endedMs: ticks(13) * TICK_MS, parent: fields[1] ?? '' };
}
