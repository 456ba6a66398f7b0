/** Runs `work` with a function that returns the number of the current iteration of the event loop, from 0. */
export async function withIterations<T>(work: (iteration: () => number) => Promise<T>): Promise<T> {
  let iteration = 0;
  let next = setImmediate(function count() {
    iteration += 1;
    next = setImmediate(count);
  });
  try {
    return await work(() => iteration);
  } finally {
    clearImmediate(next);
  }
}
