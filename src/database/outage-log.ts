const TELL_EVERY_MS = 60_000;

type Tell = (line: object, sentence: string) => void;

/** A command tells what it meets by itself, and has no log. */
let tell: Tell = () => undefined;

/** Says where outages are told from now on. */
export function tellOutagesBy(log: Tell): void {
  tell = log;
}

/** By what is wrong: when that was told last, and how often it was met since. */
const outages = new Map<string, { toldAt: number; untold: number }>();

/**
 * Tells the operator that the database cannot serve: one line for each thing that is wrong, and one more for
 * each minute that it lasts. Under load there are thousands of failures a second, all for one reason.
 */
export function tellOutage(what: string, reason: string): void {
  const now = performance.now();
  const before = outages.get(what);
  if (before && now - before.toldAt < TELL_EVERY_MS) {
    before.untold += 1;
    return;
  }
  outages.set(what, { toldAt: now, untold: 0 });
  const line = { reason, failedSinceLastTold: before?.untold ?? 0 };
  tell(line, `${what} Requests that need it are answered 503 until it serves again.`);
}
