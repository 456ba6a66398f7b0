import { Inject, Injectable, Logger } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { CONFIG, type Config } from '../config/config.js';

/** From the time to read a balance to the time of an answer that takes a model minutes. */
const DURATION_BUCKETS = [
  0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 600,
];
/** The methods that are used as labels. A caller may invent methods, and these are counted as `other`. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Prometheus waits ten seconds by default. */
const READ_TIMEOUT_MS = 3000;

/** Returns undefined if the value is not read in time. */
async function withinReadTime(value: Promise<number | undefined>): Promise<number | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, READ_TIMEOUT_MS, undefined);
  });
  try {
    return await Promise.race([value, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** How an exchange with a caller ended. */
export interface RequestOutcome {
  readonly method: string;
  /** The route in the router's notation (`/api/keys/:id`). Undefined if the path matches no route. */
  readonly route: string | undefined;
  readonly status: number;
  readonly seconds: number;
  /** The code of the error in the response, from `errors.ts`. */
  readonly refusal: string | undefined;
}

/** How a provider's answer ended: completely, because its caller left, or with an error code from `errors.ts`. */
export type ProviderOutcome = 'answered' | 'left' | (string & {});

/**
 * The metrics for an operator, in Prometheus' format. Labels have a fixed set of values, so no caller can add a
 * series. The process that writes an amount counts it once, after its transaction is on disk.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  readonly isOn: boolean;
  private readonly logger = new Logger(Metrics.name);

  private readonly held = this.counter('tokens_held', 'Tokens set aside for answers under way.');
  private readonly charged = this.counter('tokens_charged', 'Tokens taken for answers.');
  private readonly released = this.counter(
    'tokens_released',
    'Tokens set aside and given back: the rest of a hold, or all of it after a failure.',
  );
  private readonly expired = this.counter(
    'tokens_expired',
    'Tokens given back by the sweeper, for their process was gone or too late.',
  );
  private readonly granted = this.counter(
    'tokens_granted',
    'Tokens added to wallets: opening grants, grants and redeemed codes.',
  );
  private readonly audited = this.counter(
    'audited_wallets',
    'Wallets that were compared with their ledger and holds in the background.',
    ['result'],
  );
  private readonly refusals = this.counter('refusals', 'Errors answered, by code.', ['code']);
  private readonly throttled = this.counter('limits_hit', 'Requests past a rate limit.', ['limit']);
  private readonly providerFailures = this.counter(
    'provider_failures',
    'Answers that a provider did not finish, by the code that the caller was told.',
    ['provider', 'kind'],
  );
  private readonly requests = this.histogram(
    'http_request_duration_seconds',
    'From the request to the end of its answer; streams last as long as they are open.',
    ['method', 'route', 'status'],
  );
  private readonly providerCalls = this.histogram(
    'provider_duration_seconds',
    "From the question to the end of a provider's answer.",
    ['provider', 'outcome'],
  );
  private readonly firstWordTimes = this.histogram(
    'provider_first_word_seconds',
    "From the question to the first word of a provider's answer.",
    ['provider'],
  );

  constructor(@Inject(CONFIG) { metricsPort }: Pick<Config, 'metricsPort'>) {
    this.isOn = metricsPort !== undefined;
    if (this.isOn) collectDefaultMetrics({ register: this.registry });
  }

  countHeld(amount: number): void {
    this.held.inc(amount);
  }
  countCharged(amount: number): void {
    this.charged.inc(amount);
  }
  countReleased(amount: number): void {
    this.released.inc(amount);
  }
  countExpired(amount: number): void {
    this.expired.inc(amount);
  }
  countGranted(amount: number): void {
    this.granted.inc(amount);
  }

  countAudited(right: number, wrong: number): void {
    this.audited.inc({ result: 'right' }, right);
    this.audited.inc({ result: 'wrong' }, wrong);
  }

  recordRequest({ method, route, status, seconds, refusal }: RequestOutcome): void {
    if (!this.isOn) return;
    const labels = {
      method: METHODS.has(method) ? method : 'other',
      route: route ?? 'none',
      status: String(status),
    };
    this.requests.observe(labels, seconds);
    if (refusal !== undefined) this.refusals.inc({ code: refusal });
  }

  countLimitHit(limit: string): void {
    this.throttled.inc({ limit });
  }

  recordFirstWord(provider: string, seconds: number): void {
    if (this.isOn) this.firstWordTimes.observe({ provider }, seconds);
  }

  recordProviderCall(provider: string, outcome: ProviderOutcome, seconds: number): void {
    if (!this.isOn) return;
    const isFailure = outcome !== 'answered' && outcome !== 'left';
    this.providerCalls.observe({ provider, outcome: isFailure ? 'failed' : outcome }, seconds);
    if (isFailure) this.providerFailures.inc({ provider, kind: outcome });
  }

  /**
   * Adds a gauge whose value is read when Prometheus asks. If the value is undefined at that moment, cannot be read,
   * or is not read within three seconds, it is not shown. The other metrics are: an operator needs them above all
   * while the database is away.
   */
  addGauge(
    name: string,
    help: string,
    read: () => number | undefined | Promise<number | undefined>,
  ): void {
    const { logger } = this;
    const readIfPossible = async () => {
      try {
        return await read();
      } catch (error) {
        logger.warn({ err: error }, `the metric tallychat_${name} cannot be read`);
        return undefined;
      }
    };
    let pending: Promise<number | undefined> | undefined;
    // While the database does not answer, no further statement waits for it.
    const readOnce = () =>
      (pending ??= readIfPossible().finally(() => {
        pending = undefined;
      }));
    const gauge = new Gauge({
      name: `tallychat_${name}`,
      help,
      registers: [this.registry],
      async collect() {
        const value = await withinReadTime(readOnce());
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
    // A gauge starts at zero, but its value is not known yet.
    gauge.remove();
  }

  /** Adds a gauge with several values of one kind, which are distinguished by the label `label`. */
  addLabelledGauge(
    name: string,
    help: string,
    label: string,
    readers: Readonly<Record<string, () => number>>,
  ): void {
    new Gauge({
      name: `tallychat_${name}`,
      help,
      labelNames: [label],
      registers: [this.registry],
      collect() {
        for (const [value, read] of Object.entries(readers)) this.set({ [label]: value }, read());
      },
    });
  }

  private counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({
      name: `tallychat_${name}_total`,
      help,
      labelNames,
      registers: [this.registry],
    });
  }

  private histogram(name: string, help: string, labelNames: string[]): Histogram {
    return new Histogram({
      name: `tallychat_${name}`,
      help,
      labelNames,
      buckets: DURATION_BUCKETS,
      registers: [this.registry],
    });
  }
}
