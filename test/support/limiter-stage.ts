import type { Config } from '../../src/config/config.js';
import type { RequestGate } from '../../src/http/request-gate.js';
import type { LimitClass } from '../../src/http/route-table.js';
import { Counters, type CountResult } from '../../src/limits/counters.js';
import { Limiter, type LimitedRequest } from '../../src/limits/limiter.service.js';
import type { Policy } from '../../src/limits/policy.js';
import type { RefusalDelay } from '../../src/limits/refusal-delay.js';
import type { Metrics } from '../../src/metrics/metrics.js';

export const GRANTED: CountResult = { granted: 1, remaining: 7, resetMs: 5000, tickEndsInMs: 6000 };
export const REFUSED: CountResult = { ...GRANTED, granted: 0, remaining: 0 };
export const NETWORK = '203.0.113.7';

/** Shared counters that grant, refuse or fail by the scope of the limit, and list what they were asked for. */
export class Answers extends Counters {
  readonly taken: string[] = [];
  readonly byScope = new Map<string, CountResult | Error>();

  override take({ scope }: Policy, key: string): Promise<CountResult> {
    const name = scope.split(' ', 1)[0] ?? '';
    this.taken.push(`${name}: ${key}`);
    const answer = this.byScope.get(name) ?? GRANTED;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }
}

const rate = (count: number) => ({ count, windowSeconds: 60 });
export const RATES = {
  ...{ register: rate(3), login: rate(30), loginAccount: rate(10) },
  ...{ spend: rate(60), read: rate(600) },
};

/** A limiter with all that it calls, and the list of what it called besides the counters. */
export function limiterStage({
  isOn = true,
  counters,
}: { isOn?: boolean; counters?: Counters } = {}) {
  const calls: string[] = [];
  const note = (text: string) => {
    calls.push(text);
  };
  const noteLater = (text: string) => {
    note(text);
    return Promise.resolve();
  };
  const gate = {
    fault: undefined as Error | undefined,
    countForCaller(_: unknown, caller: string) {
      note(`open ${caller}`);
      if (gate.fault) throw gate.fault;
      return true as const;
    },
  };
  const delay = {
    wait: (caller: string) => noteLater(`wait ${caller}`),
    delay: (caller: string) => noteLater(`delay ${caller}`),
    refuse: (caller: string, error: Error) => {
      note(`refuse ${caller}`);
      return Promise.reject(error);
    },
  };
  const countLimitHit = (name: string) => {
    note(`hit ${name}`);
  };
  const limiter = new Limiter(
    counters ?? new Answers(),
    delay as unknown as RefusalDelay,
    { countLimitHit } as unknown as Metrics,
    gate as unknown as RequestGate,
    { rateLimits: { isOn, ...RATES } } as unknown as Config,
  );
  return { limiter, gate, calls };
}

/** A request to a route with these marks, and the headers of its response. */
export function exchangeOf(marks: { isPublic?: boolean; limit?: LimitClass } = {}) {
  const headers: Record<string, unknown> = {};
  const request = { ip: NETWORK, url: '/api/', routeOptions: { config: marks } };
  const reply = {
    getHeader: (name: string) => headers[name],
    header: (name: string, value: unknown) => Object.assign(headers, { [name]: value }),
  };
  return { headers, exchange: { request, reply } as unknown as LimitedRequest };
}

export const publicRoute = (limit: LimitClass) => exchangeOf({ isPublic: true, limit });
