import { setImmediate as nextTurn } from 'node:timers/promises';

/** Time that one piece of work may take from all other requests. */
const WORK_MS = 5;

/** The work of different callers takes turns too. Otherwise a hundred of them would block the event loop together. */
const queue: { last: Promise<unknown> } = { last: Promise.resolve() };

/** Waits for a turn of the event loop that no other caller of this function gets. */
export async function ownTurn(): Promise<void> {
  const turn = queue.last.then(() => nextTurn());
  queue.last = turn;
  await turn;
}

/**
 * Returns a function to call and await between the steps of long work. It waits for another turn of the event loop
 * once the work has taken some milliseconds.
 */
export function fairTurns(): () => Promise<void> {
  let startedAt = -Infinity;
  return async () => {
    if (performance.now() - startedAt < WORK_MS) return;
    await ownTurn();
    startedAt = performance.now();
  };
}
