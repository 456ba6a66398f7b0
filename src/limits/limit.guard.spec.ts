import type { ExecutionContext } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import type { RouteMarks } from '../http/route-table.js';
import type { KnownKeys } from './known-keys.js';
import { LimitGuard } from './limit.guard.js';
import type { Limiter } from './limiter.service.js';

const ADA = { userId: 'ada', credentialId: 'session' };

interface Asked {
  readonly isOn?: boolean;
  readonly user?: typeof ADA | null;
  readonly isRepeat?: false | Promise<boolean>;
}

/** Sends a request through the guard, and lists what the guard had counted. */
async function guard(marks: RouteMarks, { isOn = true, user = ADA, isRepeat = false }: Asked = {}) {
  const calls: string[] = [];
  const limiter = {
    isOn,
    admitUser: (_: unknown, callerId: string, limit: string) => {
      calls.push(`${limit} ${callerId}`);
      return Promise.resolve(true);
    },
    countOpenRequest: (_: unknown, caller: string) => {
      calls.push(`open ${caller}`);
      return true;
    },
  };
  const request = { user, headers: {}, routeOptions: { config: marks } };
  const context = { switchToHttp: () => ({ getRequest: () => request, getResponse: () => ({}) }) };
  const keys = { isRepeat: () => isRepeat } as unknown as KnownKeys;
  const isAdmitted = await new LimitGuard(limiter as unknown as Limiter, keys).canActivate(
    context as unknown as ExecutionContext,
  );
  expect(isAdmitted).toBe(true);
  return calls;
}

describe('LimitGuard', () => {
  it('counts a read for the user, then the open request', async () => {
    expect(await guard({})).toEqual(['read ada', 'open ada']);
  });

  it('counts a check of a password for the session, so that a thief does not use up what others have', async () => {
    expect(await guard({ limit: 'password' })).toEqual(['password session', 'open ada']);
  });

  it('counts what spends for the user, and a replay as a read', async () => {
    expect(await guard({ limit: 'spend' })).toEqual(['spend ada', 'open ada']);
    for (const [is, limit] of [
      [true, 'read'],
      [false, 'spend'],
    ] as const) {
      const isRepeat = Promise.resolve(is);
      expect(await guard({ limit: 'spend' }, { isRepeat })).toEqual([`${limit} ada`, 'open ada']);
    }
  });

  it('only counts the open request if limits are off', async () => {
    expect(await guard({ limit: 'spend' }, { isOn: false })).toEqual(['open ada']);
  });

  it('counts nothing for a public route, whose network was counted before', async () => {
    expect(await guard({ limit: 'spend' }, { user: null })).toEqual([]);
  });
});
