const TELL_EVERY_MS = 60_000;

type Tell = (line: object, sentence: string) => void;

/** Does nothing at first: a command reports its errors itself and has no log. */
let tell: Tell = () => undefined;

/** Sets the log that outages are written to. */
export function tellOutagesBy(log: Tell): void {
  tell = log;
}

/** For each outage: when it was last logged, and how many failures came since then. */
const outages = new Map<string, { toldAt: number; untold: number }>();

/**
 * Logs that the database cannot serve requests: one line when an outage begins, and one more for each minute that
 * it lasts. Under load there are thousands of failures a second, all for the same reason.
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
