import { describe, expect, it } from '@jest/globals';
import { ProviderFailed } from '../../errors.js';
import { ProviderHealth, classifyFailure, type FailureClass } from './provider-health.js';

const REST_MS = 1000;
const failed = (fields: object) =>
  classifyFailure(
    new ProviderFailed({
      report: { provider: 'p', model: 'm', reason: 'r', tookMs: 0, ...fields },
    }),
  );
const timeout: FailureClass = {
  ...{ kind: 'no answer in time', isPersonal: true, retryWhere: 'nowhere' },
};

describe('the health of a provider after ten failures in a row', () => {
  /** Returns whether it rests after a failure of each of these persons. */
  const restsAfter = (failure: FailureClass, owners: string[]) => {
    const health = new ProviderHealth(REST_MS);
    for (const owner of owners) health.recordFailure(failure, owner, 0);
    return health.remainingRestMs(0) > 0;
  };
  const one = Array.from({ length: 10 }, () => 'ada');
  const two = one.with(3, 'bob');

  it.each<[string, number, FailureClass]>([
    ['a status of 500', 2, failed({ upstreamStatus: 500 })],
    ['a status of 503', 2, failed({ upstreamStatus: 503 })],
    ['no answer in time', 2, timeout],
    ['a status of 401', 1, failed({ upstreamStatus: 401 })],
    ['no connection', 1, failed({ connectionCode: 'ECONNREFUSED' })],
  ])('with %s is an outage if at least %i persons saw it', (_, persons, failure) => {
    expect(restsAfter(failure, one)).toBe(persons === 1);
    expect(restsAfter(failure, two)).toBe(true);
    expect(restsAfter(failure, two.slice(1))).toBe(false);
  });

  it('forgets who failed when it rests, answers, or fails in another way', () => {
    const health = new ProviderHealth(REST_MS);
    const failures = (status: number, owners: string[], nowMs: number) => {
      const failure = failed({ upstreamStatus: status });
      for (const owner of owners) health.recordFailure(failure, owner, nowMs);
      return health.remainingRestMs(nowMs) > 0;
    };
    expect(failures(500, ['bob'], 0) || failures(503, one, 0)).toBe(false);
    expect(failures(503, ['bob'], 0)).toBe(true);
    expect(failures(500, [...one, ...one], REST_MS)).toBe(false);
    expect(failures(503, ['bob'], REST_MS)).toBe(true);
    expect(health.recordSuccess()).toBe(true);
    expect(failures(503, [...one, ...one], REST_MS)).toBe(false);
  });
});
