const LOG_EVERY_MS = 60_000;

type LogLine = (line: object, sentence: string) => void;

/** Does nothing at first: a command reports its errors itself and has no log. */
let log: LogLine = () => undefined;

/** Sets the log that outages are written to. */
export function setOutageLog(newLog: LogLine): void {
  log = newLog;
}

/** For each outage: when it was last logged, and how many failures came since then. */
const outages = new Map<string, { loggedAt: number; unloggedFailures: number }>();

/**
 * Logs that the database cannot serve requests: one line when an outage begins, and one more for each minute that
 * it lasts. Under load there are thousands of failures a second, all for the same reason.
 */
export function logOutage(outage: string, reason: string): void {
  const now = performance.now();
  const earlier = outages.get(outage);
  if (earlier && now - earlier.loggedAt < LOG_EVERY_MS) {
    earlier.unloggedFailures += 1;
    return;
  }
  outages.set(outage, { loggedAt: now, unloggedFailures: 0 });
  const line = { reason, failedSinceLastTold: earlier?.unloggedFailures ?? 0 };
  log(line, `${outage} Requests that need it are answered 503 until it serves again.`);
}
