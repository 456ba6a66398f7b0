import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  Answers,
  exchangeOf,
  GRANTED,
  limiterStage,
  NETWORK,
  publicRoute,
  RATES,
  REFUSED,
} from '../../test/support/limiter-stage.js';
import { DatabaseBusy, LoginsNotCounted, Throttled } from '../errors.js';
import { MemoryCounters } from './memory-counters.js';

describe('Limiter', () => {
  const mocks: { mockRestore(): void }[] = [];
  let warnings: unknown[];
  let nowMs: number;

  beforeEach(() => {
    [warnings, nowMs] = [[], 1000];
    mocks.push(
      jest.spyOn(Logger.prototype, 'warn').mockImplementation((text: unknown) => {
        warnings.push(text);
      }),
      jest.spyOn(performance, 'now').mockImplementation(() => nowMs),
    );
  });
  afterEach(() => {
    for (const mock of mocks.splice(0)) mock.mockRestore();
  });

  describe('for a request to a public route', () => {
    it.each([
      ['register', 'register', '"register";q=3;w=60'],
      ['login', 'login', '"login";q=30;w=60'],
      ['network', 'network', '"read";q=600;w=60'],
    ] as const)('counts the network by its limit: %s', async (limit, scope, policy) => {
      const counters = new Answers();
      const { limiter, calls } = limiterStage({ counters });
      const { exchange, headers } = publicRoute(limit);
      await limiter.admitNetwork(exchange);
      expect(counters.taken).toEqual([`${scope}: ${NETWORK}`]);
      expect(headers['ratelimit-policy']).toBe(policy);
      expect(calls).toEqual([`open ${NETWORK}`]);
    });

    it.each([
      ['that has no limit', true, publicRoute('none')],
      ['that spends, which counts by user', true, publicRoute('spend')],
      ['if limits are off', false, publicRoute('login')],
    ])('only counts the open request %s', async (_, isOn, { exchange, headers }) => {
      const counters = new Answers();
      const { limiter, calls } = limiterStage({ isOn, counters });
      await limiter.admitNetwork(exchange);
      expect([counters.taken, headers, calls]).toEqual([[], {}, [`open ${NETWORK}`]]);
    });

    it('counts nothing if the route is not public', async () => {
      const counters = new Answers();
      const { limiter, calls } = limiterStage({ counters });
      await limiter.admitNetwork(exchangeOf({ limit: 'login' }).exchange);
      expect([counters.taken, calls]).toEqual([[], []]);
    });

    it.each([
      ['register', 'register', 'register', `refuse ${NETWORK}`],
      ['network', 'network', 'read', `refuse ${NETWORK}`],
      ['login', 'login', 'login', `wait ${NETWORK}`],
    ] as const)('refuses it past the limit: %s', async (limit, scope, name, late) => {
      const counters = new Answers();
      counters.byScope.set(scope, REFUSED);
      const { limiter, calls } = limiterStage({ counters });
      const { exchange, headers } = publicRoute(limit);
      await expect(limiter.admitNetwork(exchange)).rejects.toEqual(new Throttled(5));
      expect(calls).toEqual([`open ${NETWORK}`, `hit ${name}`, late]);
      expect(headers['ratelimit']).toBe(`"${name}";r=0;t=5`);
    });

    it('fails without a delay if registrations and logins cannot be counted', async () => {
      for (const limit of ['register', 'login'] as const) {
        const counters = new Answers();
        counters.byScope.set(limit, new Error('away'));
        const { limiter, calls } = limiterStage({ counters });
        const admitted = limiter.admitNetwork(publicRoute(limit).exchange);
        await expect(admitted).rejects.toBeInstanceOf(LoginsNotCounted);
        expect(calls).toEqual([`open ${NETWORK}`]);
      }
    });
  });

  describe('for another public route that uses the database', () => {
    it('accepts a request that cannot be counted', async () => {
      const counters = new Answers();
      counters.byScope.set('network', new DatabaseBusy());
      const { limiter, calls } = limiterStage({ counters });
      await limiter.admitNetwork(publicRoute('network').exchange);
      expect([counters.taken, calls]).toEqual([[`network: ${NETWORK}`], [`open ${NETWORK}`]]);
    });
  });

  describe('for one open request too many', () => {
    it('refuses with the delay of the caller, and counts nothing', async () => {
      const counters = new Answers();
      const { limiter, gate, calls } = limiterStage({ counters });
      gate.fault = new Throttled(1);
      const admitted = limiter.admitNetwork(publicRoute('login').exchange);
      await expect(admitted).rejects.toBe(gate.fault);
      expect([counters.taken, calls]).toEqual([[], [`open ${NETWORK}`, `refuse ${NETWORK}`]]);
    });
  });

  describe('for other refusals of a network', () => {
    it('returns their delay, if limits are on', async () => {
      const { exchange } = exchangeOf();
      const [on, off] = [limiterStage(), limiterStage({ isOn: false })];
      await on.limiter.delayRefusal(exchange.request);
      expect(off.limiter.delayRefusal(exchange.request)).toBeUndefined();
      expect([on.calls, off.calls]).toEqual([[`delay ${NETWORK}`], []]);
    });
  });

  describe('for a request of a user', () => {
    it.each([
      ['spend', 'spend', '"spend";q=60;w=60'],
      ['password', 'password', '"login-account";q=10;w=60'],
      ['read', 'read', '"read";q=600;w=60'],
    ] as const)('counts it by its limit: %s', async (limit, scope, policy) => {
      const counters = new Answers();
      const { limiter, calls } = limiterStage({ counters });
      const { exchange, headers } = exchangeOf();
      expect(await limiter.admitUser(exchange, 'ada', limit)).toBe(true);
      expect(counters.taken).toEqual([`${scope}: ada`]);
      expect([headers['ratelimit-policy'], calls]).toEqual([policy, []]);
    });

    it('takes reads from shared counters in blocks, and no other requests', async () => {
      const counters = new Answers();
      for (const scope of ['read', 'spend'])
        counters.byScope.set(scope, { ...GRANTED, granted: 4 });
      const { limiter } = limiterStage({ counters });
      for (const limit of ['read', 'read', 'spend', 'spend'] as const)
        await limiter.admitUser(exchangeOf().exchange, 'ada', limit);
      expect(counters.taken).toEqual(['read: ada', 'spend: ada', 'spend: ada']);
    });

    it('answers at once if the counters are in memory', () => {
      const { limiter } = limiterStage({ counters: new MemoryCounters() });
      expect(limiter.admitUser(exchangeOf().exchange, 'ada', 'read')).toBe(true);
      expect(limiter.admitUser(exchangeOf().exchange, 'ada', 'spend')).toBe(true);
    });

    it.each(['shared', 'in memory'])('refuses it past the limit, counters %s', async (place) => {
      const shared = new Answers();
      shared.byScope.set('spend', REFUSED);
      const inMemory = new MemoryCounters();
      const { limiter, calls } = limiterStage({ counters: place === 'shared' ? shared : inMemory });
      const ask = () => Promise.resolve(limiter.admitUser(exchangeOf().exchange, 'ada', 'spend'));
      if (place !== 'shared') for (let n = 0; n < RATES.spend.count; n += 1) await ask();
      await expect(ask()).rejects.toBeInstanceOf(Throttled);
      expect(calls).toEqual(['hit spend', 'refuse ada']);
    });

    it.each([
      ['accepts a read', 'read', new DatabaseBusy(), true],
      ['accepts what spends, after an unexpected error', 'spend', new Error('bug'), true],
      [
        'refuses what spends, while the database is away',
        'spend',
        new DatabaseBusy(),
        DatabaseBusy,
      ],
      ['refuses a password', 'password', new DatabaseBusy(), LoginsNotCounted],
      ['refuses a password', 'password', new Error('bug'), LoginsNotCounted],
    ] as const)('%s that cannot be counted', async (_, limit, fault, result) => {
      const counters = new Answers();
      counters.byScope.set(limit, fault);
      const { limiter, calls } = limiterStage({ counters });
      const admitted = Promise.resolve(limiter.admitUser(exchangeOf().exchange, 'ada', limit));
      if (result === true) expect(await admitted).toBe(true);
      else await expect(admitted).rejects.toBeInstanceOf(result);
      expect(calls).toEqual([]);
    });

    it('logs once a minute that it cannot be counted', async () => {
      const counters = new Answers();
      counters.byScope.set('spend', new Error('bug'));
      const { limiter } = limiterStage({ counters });
      for (const ms of [1000, 1001, 60_999, 61_000]) {
        nowMs = ms;
        await limiter.admitUser(exchangeOf().exchange, 'ada', 'spend');
      }
      expect(warnings).toEqual(Array(2).fill('rate limits are not counted: bug'));
    });
  });

  describe('for a login', () => {
    const known = () => Promise.resolve(true);
    const unknown = () => Promise.resolve(false);

    it('counts the name for the network, and for all unknown networks together', async () => {
      const counters = new Answers();
      const { limiter, calls } = limiterStage({ counters });
      const { exchange, headers } = exchangeOf();
      expect(await limiter.admitLogin(exchange, 'ada', unknown)).toBe(false);
      expect(counters.taken).toEqual([`login-account: ada ${NETWORK}`, 'login-strangers: ada']);
      expect([headers['ratelimit-policy'], calls]).toEqual(['"login-account";q=10;w=60', []]);
    });

    it('counts it only for its network if the owner has logged in from there', async () => {
      const counters = new Answers();
      counters.byScope.set('login-strangers', REFUSED);
      const { limiter } = limiterStage({ counters });
      expect(await limiter.admitLogin(exchangeOf().exchange, 'ada', known)).toBe(true);
      expect(counters.taken).toEqual([`login-account: ada ${NETWORK}`]);
    });

    it('counts nothing if limits are off', async () => {
      const counters = new Answers();
      const { limiter } = limiterStage({ isOn: false, counters });
      expect(await limiter.admitLogin(exchangeOf().exchange, 'ada', known)).toBe(true);
      expect(await limiter.admitLogin(exchangeOf().exchange, 'ada', unknown)).toBe(false);
      expect(counters.taken).toEqual([]);
    });

    it.each(['login-account', 'login-strangers'])('refuses it late past %s', async (scope) => {
      const counters = new Answers();
      counters.byScope.set(scope, REFUSED);
      const { limiter, calls } = limiterStage({ counters });
      const { exchange, headers } = exchangeOf();
      await expect(limiter.admitLogin(exchange, 'ada', unknown)).rejects.toEqual(new Throttled(5));
      expect(calls).toEqual(['hit login-account', `wait ${NETWORK}`]);
      expect(String(headers['ratelimit'])).toContain('"login-account";r=0;t=5');
    });

    it.each(['login-account', 'login-strangers'])('fails at once without %s', async (scope) => {
      const counters = new Answers();
      counters.byScope.set(scope, new Error('away'));
      const { limiter, calls } = limiterStage({ counters });
      const admitted = limiter.admitLogin(exchangeOf().exchange, 'ada', unknown);
      await expect(admitted).rejects.toBeInstanceOf(LoginsNotCounted);
      expect(calls).toEqual([]);
      expect(warnings).toEqual(['rate limits are not counted: away']);
    });
  });
});
