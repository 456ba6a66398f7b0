import { setTimeout as sleep } from 'node:timers/promises';

/** How long a spec waits for an event. On an idle machine it comes within a second. */
const TIMEOUT_MS = 45_000;
const POLL_MS = 5;

/** Polls until the condition is true. Rejects after 45 s, so that a failing spec ends with a clear error. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never happened: ${String(condition)}`);
    await sleep(POLL_MS);
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
