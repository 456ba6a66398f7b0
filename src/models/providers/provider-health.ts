import { ProviderBusy, ProviderFailed, ProviderUnfit } from '../../errors.js';

/** So often the same failure in a row is an outage, and no accident. */
const FAILURES_MAX = 10;
/** Refusals of a key, or of more calls with it: another key may serve at the same address. */
const ABOUT_KEY = new Set([401, 402, 403, 429]);

/** What a failure says of who was asked. */
export interface Failing {
  /** By which two failures are the same one; undefined where one request may have brought it about. */
  readonly kind: string | undefined;
  /** Where the question may be asked instead. */
  readonly elsewhere: 'nowhere' | 'at another address' | 'with another key';
}

/** Reads an error of a provider that came before the first word. */
export function failingOf(error: unknown): Failing {
  if (!(error instanceof ProviderFailed || error instanceof ProviderBusy)) {
    return { kind: undefined, elsewhere: 'nowhere' };
  }
  const { upstreamStatus: status, connectionCode } = error.report ?? {};
  if (status === undefined) return { kind: connectionCode, elsewhere: 'at another address' };
  // It is told from a refusal of the request by its words alone, and so counts for no outage.
  if (error instanceof ProviderUnfit) return { kind: undefined, elsewhere: 'with another key' };
  if (ABOUT_KEY.has(status)) return { kind: String(status), elsewhere: 'with another key' };
  const kind = status >= 500 ? String(status) : undefined;
  return { kind, elsewhere: 'at another address' };
}

/** Whether one model of one address answers, and until when nobody asks it. */
export class ProviderHealth {
  private kind: string | undefined;
  private failures = 0;
  private restsUntilMs = 0;
  private isOut = false;

  constructor(private readonly restMs: number) {}

  /** How long it rests from now on, in milliseconds; 0 where it may be asked. */
  restOf(nowMs: number): number {
    return Math.max(0, this.restsUntilMs - nowMs);
  }

  /** True where that ends an outage. */
  succeed(): boolean {
    const wasOut = this.isOut;
    this.kind = undefined;
    this.failures = 0;
    this.restsUntilMs = 0;
    this.isOut = false;
    return wasOut;
  }

  /** True where that begins an outage. After a rest, one more failure of any kind is enough for the next. */
  fail(kind: string, nowMs: number): boolean {
    if (this.restMs === 0) return false;
    this.failures = kind === this.kind ? this.failures + 1 : 1;
    this.kind = kind;
    if (!this.isOut && this.failures < FAILURES_MAX) return false;
    const begins = !this.isOut;
    this.isOut = true;
    this.restsUntilMs = nowMs + this.restMs;
    return begins;
  }
}
