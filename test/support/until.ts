import { setTimeout as sleep } from 'node:timers/promises';

/** How long a spec waits for an event. On an idle machine it comes within a second. */
const TIMEOUT_MS = 45_000;
const POLL_MS = { least: 5, most: 50 };

/** What has taken long may take a twentieth longer: a condition that asks the service again and again costs CPU. */
const pauseAfter = (waitedMs: number): number =>
  Math.min(Math.max(waitedMs / 20, POLL_MS.least), POLL_MS.most);

/** Polls until the condition is true. Rejects after 45 s, so that a failing spec ends with a clear error. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const startedAt = performance.now();
  while (!(await condition())) {
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > TIMEOUT_MS) throw new Error(`never happened: ${String(condition)}`);
    await sleep(pauseAfter(waitedMs));
  }
}

/** Resolves or rejects as `work` does. Rejects if it has not ended after 45 s. */
export async function bounded<T>(what: string, work: Promise<T>): Promise<T> {
  const clock = new AbortController();
  const late = sleep(TIMEOUT_MS, undefined, { signal: clock.signal }).then(() => {
    throw new Error(`${what} did not end within ${String(TIMEOUT_MS)} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => undefined);
    clock.abort();
  }
}
