import { it } from '@jest/globals';

/** The error of a step that is not tried. It has no stack, because nothing failed where it is thrown. */
class NotTried extends Error {
  constructor(failed: string) {
    super(`not tried, because an earlier step failed: ${failed}`);
    this.stack = this.message;
  }
}

/**
 * Returns an `it` for the steps of a walk, where each step needs what the steps before it have done. After a failed
 * step, all later steps fail immediately. Without this, each of them would wait until its time limit for something
 * that cannot appear.
 */
export function stepsOfWalk(): (
  title: string,
  work: () => Promise<void>,
  timeoutMs?: number,
) => void {
  let failed: string | undefined;
  return (title, work, timeoutMs) => {
    const step = async () => {
      if (failed !== undefined) throw new NotTried(failed);
      try {
        await work();
      } catch (error) {
        failed = title;
        throw error;
      }
    };
    const test = it;
    test(title, step, timeoutMs);
  };
}
