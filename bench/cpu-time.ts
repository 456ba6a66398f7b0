import { readFile } from 'node:fs/promises';

/** In which the kernel counts a process's time. */
const TICK_MS = 10;

/** What a process has had of a core, in milliseconds, and whose child it is. */
interface CpuTime {
  readonly ms: number;
  /** What its children had that have ended. */
  readonly endedMs: number;
  readonly parent: string;
}

/** Since the process started. Undefined where there is none, or no `/proc`. */
export async function cpuTimeOf(pid: string): Promise<CpuTime | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The second field is a name that may have spaces; the fourth is the parent.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = (first: number) => Number(fields[first] ?? 0) + Number(fields[first + 1] ?? 0);
  return { ms: ticks(11) * TICK_MS, endedMs: ticks(13) * TICK_MS, parent: fields[1] ?? '' };
}
