import {
  AnswerMemoryFull,
  ProviderBusy,
  ProviderFailed,
  ProviderRejectedSetup,
} from '../../errors.js';

/** This many equal failures in a row are an outage. */
const FAILURES_MAX = 10;
/** Statuses that refuse a key, or more calls with it. Another key may work at the same address. */
const KEY_STATUSES = new Set([401, 402, 403, 429]);

/** What a failure shows about the place that was asked. */
export interface FailureClass {
  /** Two failures with the same kind are the same failure. Undefined if a single request may have caused it. */
  readonly kind: string | undefined;
  /** Whether the requests of one person may cause it again and again, such as a schema that makes a server fail. */
  readonly isPersonal?: boolean;
  /** Where the request may be sent instead. */
  readonly retryWhere: 'nowhere' | 'at another address' | 'with another key';
}

/** Classifies an error of a provider that came before the first output. */
export function classifyFailure(error: unknown): FailureClass {
  if (!(error instanceof ProviderFailed || error instanceof ProviderBusy)) {
    return { kind: undefined, retryWhere: 'nowhere' };
  }
  if (error instanceof AnswerMemoryFull) return { kind: undefined, retryWhere: 'nowhere' };
  const { upstreamStatus: status, connectionCode } = error.report ?? {};
  if (status === undefined) return { kind: connectionCode, retryWhere: 'at another address' };
  // Only its text distinguishes it from a refusal of the request, so it does not count for an outage.
  if (error instanceof ProviderRejectedSetup)
    return { kind: undefined, retryWhere: 'with another key' };
  if (KEY_STATUSES.has(status)) return { kind: String(status), retryWhere: 'with another key' };
  const kind = status >= 500 ? String(status) : undefined;
  return { kind, isPersonal: true, retryWhere: 'at another address' };
}

/** Whether one model at one address works, and until when it is not asked. */
export class ProviderHealth {
  private kind: string | undefined;
  private failures = 0;
  /**
   * The person of the first failure, in a row or since the last rest, and whether another person's failure followed.
   */
  private firstOwner: { readonly id: string | undefined } | undefined;
  private hasSeveralOwners = false;
  private restsUntilMs = 0;
  private isInOutage = false;

  constructor(private readonly restMs: number) {}

  /** Returns the time until it may be asked again, in milliseconds. Returns 0 if it may be asked now. */
  remainingRestMs(nowMs: number): number {
    return Math.max(0, this.restsUntilMs - nowMs);
  }

  /** Notes a success. Returns true if this ends an outage. */
  recordSuccess(): boolean {
    const wasInOutage = this.isInOutage;
    this.kind = undefined;
    this.failures = 0;
    this.forgetOwners();
    this.restsUntilMs = 0;
    this.isInOutage = false;
    return wasInOutage;
  }

  /**
   * Notes a failure. Returns true if this begins an outage. After a rest, one failure of any kind is enough to rest
   * again. Personal failures are an outage only if they come from two persons, also after a rest.
   */
  recordFailure({ kind, isPersonal }: FailureClass, ownerId: string | undefined, nowMs: number) {
    if (this.restMs === 0 || kind === undefined) return false;
    if (kind !== this.kind && !this.isInOutage) this.forgetOwners();
    this.failures = kind === this.kind ? this.failures + 1 : 1;
    this.kind = kind;
    this.firstOwner ??= { id: ownerId };
    this.hasSeveralOwners ||= this.firstOwner.id !== ownerId;
    if (!this.isInOutage && this.failures < FAILURES_MAX) return false;
    if (isPersonal && !this.hasSeveralOwners) return false;
    const begins = !this.isInOutage;
    this.isInOutage = true;
    this.restsUntilMs = nowMs + this.restMs;
    this.forgetOwners();
    return begins;
  }

  private forgetOwners(): void {
    this.firstOwner = undefined;
    this.hasSeveralOwners = false;
  }
}
