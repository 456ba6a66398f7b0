import { Inject, Injectable, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type Config } from '../config/config.js';
import { LoginsNotCounted, Throttled, Unavailable } from '../errors.js';
import { RequestGate } from '../http/request-gate.js';
import { limitOf, type LimitClass, type RouteMarks } from '../http/route-table.js';
import { Metrics } from '../metrics/metrics.js';
import { BlockCounters } from './block-counters.js';
import { Counters, type CountResult } from './counters.js';
import { RefusalDelay } from './refusal-delay.js';
import { retryAfterSeconds, setLimitHeaders } from './limit-headers.js';
import { MemoryCounters } from './memory-counters.js';
import { networkOf } from '../http/network.js';
import { UNKNOWN_NETWORKS, policyOf, type Policy } from './policy.js';

/** Interval of the log lines about a failure. If the database is unreachable, every request fails. */
const FAILURE_LOG_INTERVAL_MS = 60_000;

/** One request, and the response that shows its limits. */
export interface LimitedRequest {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/**
 * Applies the limits to callers, and shows the state of the limits on each response. If the counters fail, reads are
 * accepted, but registrations and all that checks a password get a 503: an attacker could otherwise guess passwords.
 * Requests that spend get a 503 only if the database is busy or away, because a flood would otherwise pass uncounted.
 */
@Injectable()
export class Limiter {
  readonly isOn: boolean;
  private readonly logger = new Logger(Limiter.name);
  private readonly policies: Readonly<Record<Exclude<LimitClass, 'none'>, Policy>>;
  private readonly account: Policy;
  private readonly reads: Counters;
  private failureLoggedAt = -Infinity;

  constructor(
    private readonly counters: Counters,
    private readonly refusalDelay: RefusalDelay,
    private readonly metrics: Metrics,
    private readonly gate: RequestGate,
    @Inject(CONFIG) { rateLimits }: Config,
  ) {
    const { isOn, register, login, loginAccount, spend, read } = rateLimits;
    this.isOn = isOn;
    this.policies = {
      register: policyOf('register', register),
      login: policyOf('login', login),
      network: policyOf('read', read, 'network'),
      spend: policyOf('spend', spend),
      password: policyOf('login-account', loginAccount, 'password'),
      read: policyOf('read', read),
    };
    this.account = policyOf('login-account', loginAccount);
    this.reads = counters instanceof MemoryCounters ? counters : new BlockCounters(counters);
  }

  /**
   * Counts a request to a public route for its network, also as an open request. Throws `Throttled`, with a delay
   * for a login, and `LoginsNotCounted` if a registration or a login cannot be counted.
   */
  async admitNetwork(exchange: LimitedRequest): Promise<void> {
    const marks = exchange.request.routeOptions.config as RouteMarks;
    if (!marks.isPublic) return;
    const network = networkOf(exchange.request.ip);
    await this.countOpenRequest(exchange.request, network);
    const limit = limitOf(marks);
    if (!this.isOn || (limit !== 'register' && limit !== 'login' && limit !== 'network')) return;
    if (limit === 'network') {
      await this.admit(exchange, this.policies.network, network, this.reads);
      return;
    }
    const admitted = this.admitIfCounted(exchange, this.policies[limit], network);
    await this.delayRefusalOf(admitted, network, limit === 'login');
  }

  /** Counts an open request for a user's id or a network. Throws `Throttled`. */
  countOpenRequest(request: FastifyRequest, caller: string): true | Promise<true> {
    try {
      return this.gate.countForCaller(request, caller);
    } catch (error) {
      return this.refusalDelay.refuse(caller, error);
    }
  }

  /** Returns the delay of a refusal for a network that is refused again and again, or undefined. */
  delayRefusal({ ip }: FastifyRequest): Promise<void> | undefined {
    return this.isOn ? this.refusalDelay.delay(networkOf(ip)) : undefined;
  }

  /**
   * Counts a request for the id of a user or of a credential. Throws `Throttled`. If the request cannot be counted,
   * throws `LoginsNotCounted` for a check of a password, and `Unavailable` for spending while the database is away.
   */
  admitUser(
    exchange: LimitedRequest,
    callerId: string,
    limit: 'spend' | 'password' | 'read',
  ): true | Promise<true> {
    const counters = limit === 'read' ? this.reads : this.counters;
    return this.admit(exchange, this.policies[limit], callerId, counters);
  }

  /**
   * Counts a login to a name, known or not. `isKnownNetwork` returns whether the owner has logged in from this network
   * before. If so, attempts from other networks do not count. Returns the result of `isKnownNetwork`. Throws
   * `Throttled`, with a delay, and `LoginsNotCounted` if the attempt cannot be counted.
   */
  async admitLogin(
    exchange: LimitedRequest,
    name: string,
    isKnownNetwork: () => Promise<boolean>,
  ): Promise<boolean> {
    if (!this.isOn) return isKnownNetwork();
    const network = networkOf(exchange.request.ip);
    const admit = async () => {
      await this.admitIfCounted(exchange, this.account, `${name} ${network}`);
      if (await isKnownNetwork()) return true;
      const countResult = await this.requireCounted(this.counters.take(UNKNOWN_NETWORKS, name, 1));
      if (countResult.granted === 0) this.enforce(exchange, UNKNOWN_NETWORKS, countResult);
      return false;
    };
    return this.delayRefusalOf(admit(), network, true);
  }

  private admit(
    exchange: LimitedRequest,
    policy: Policy,
    key: string,
    counters: Counters,
  ): true | Promise<true> {
    const countResult = counters.take(policy, key, 1);
    if (!(countResult instanceof Promise))
      return this.enforceWithDelay(exchange, policy, key, countResult);
    return countResult.then(
      (result) => this.enforceWithDelay(exchange, policy, key, result),
      (error: unknown) => {
        this.logFailure(error);
        if (policy === this.policies.password) throw new LoginsNotCounted();
        if (policy === this.policies.spend && error instanceof Unavailable) throw error;
        return true;
      },
    );
  }

  private enforceWithDelay(
    exchange: LimitedRequest,
    policy: Policy,
    key: string,
    countResult: CountResult,
  ): true | Promise<true> {
    try {
      return this.enforce(exchange, policy, countResult);
    } catch (error) {
      return this.refusalDelay.refuse(key, error);
    }
  }

  private async admitIfCounted(
    exchange: LimitedRequest,
    policy: Policy,
    key: string,
  ): Promise<void> {
    this.enforce(exchange, policy, await this.requireCounted(this.counters.take(policy, key, 1)));
  }

  private async requireCounted(
    countResult: CountResult | Promise<CountResult>,
  ): Promise<CountResult> {
    try {
      return await countResult;
    } catch (error) {
      this.logFailure(error);
      throw new LoginsNotCounted();
    }
  }

  /**
   * Throws the refusal with a delay. Unless it is of a login, delays it only if that caller does not pause between
   * requests.
   */
  private async delayRefusalOf<T>(
    admitted: Promise<T>,
    caller: string,
    isLogin: boolean,
  ): Promise<T> {
    try {
      return await admitted;
    } catch (error) {
      if (!(error instanceof Throttled)) throw error;
      if (!isLogin) return await this.refusalDelay.refuse(caller, error);
      await this.refusalDelay.wait(caller);
      throw error;
    }
  }

  private logFailure(error: unknown): void {
    const now = performance.now();
    if (now - this.failureLoggedAt < FAILURE_LOG_INTERVAL_MS) return;
    this.failureLoggedAt = now;
    const why = error instanceof Error ? error.message : String(error);
    this.logger.warn(`rate limits are not counted: ${why}`);
  }

  private enforce(
    { request, reply }: LimitedRequest,
    policy: Policy,
    countResult: CountResult,
  ): true {
    setLimitHeaders(request, reply, policy, countResult);
    if (countResult.granted === 0) {
      this.metrics.countLimitHit(policy.name);
      throw new Throttled(retryAfterSeconds(countResult));
    }
    return true;
  }
}
