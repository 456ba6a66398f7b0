import { setImmediate as nextIteration } from 'node:timers/promises';

/** Time that one piece of work may take from all other requests. */
const WORK_MS = 5;

/** Different callers also wait for each other. Otherwise a hundred of them would block the event loop together. */
const queue: { last: Promise<unknown> } = { last: Promise.resolve() };

/** Waits for an iteration of the event loop that no other caller of this function gets. */
export async function ownIteration(): Promise<void> {
  const iteration = queue.last.then(() => nextIteration());
  queue.last = iteration;
  await iteration;
}

/**
 * Returns a function to call and await between the steps of long work. It waits for another iteration of the event
 * loop once the work has taken some milliseconds.
 */
export function fairIterations(): () => Promise<void> {
  let startedAt = -Infinity;
  return async () => {
    if (performance.now() - startedAt < WORK_MS) return;
    await ownIteration();
    startedAt = performance.now();
  };
}
