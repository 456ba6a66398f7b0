import { describe, expect, it } from '@jest/globals';
import { IdempotencyKeyReused } from '../errors.js';
import { assertSameInput, claimColumns, claimOf } from './claim.js';

describe('a claim', () => {
  it('is made by a key alone', () => {
    expect(claimOf('chat', undefined, { message: 'hi' })).toBeUndefined();
    expect(claimOf('chat', 'k', { message: 'hi' })).toMatchObject({ route: 'chat', key: 'k' });
  });

  it('stands for one input', () => {
    const [one, same, other] = ['hi', 'hi', 'ho'].map((message) =>
      claimOf('chat', 'k', { message }),
    );
    if (!one || !same || !other) throw new Error('no claim');
    expect(() => {
      assertSameInput(one, same.hash);
    }).not.toThrow();
    expect(() => {
      assertSameInput(one, other.hash);
    }).toThrow(IdempotencyKeyReused);
  });

  it('is three columns, empty ones without a key', () => {
    const empty = { claimRoute: null, claimKey: null, claimHash: null };
    expect(claimColumns(undefined)).toEqual(empty);
    const claim = { route: 'grant', key: 'k', hash: 'h' } as const;
    expect(claimColumns(claim)).toEqual({ claimRoute: 'grant', claimKey: 'k', claimHash: 'h' });
  });
});
