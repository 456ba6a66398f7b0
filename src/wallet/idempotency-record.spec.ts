import { describe, expect, it } from '@jest/globals';
import { IdempotencyKeyReused } from '../errors.js';
import { assertSameInput, idempotencyColumns, idempotencyRecord } from './idempotency-record.js';

describe('idempotencyRecord', () => {
  it('is made only if there is a key', () => {
    expect(idempotencyRecord('chat', undefined, { message: 'hi' })).toBeUndefined();
    expect(idempotencyRecord('chat', 'k', { message: 'hi' })).toMatchObject({
      route: 'chat',
      key: 'k',
    });
  });

  it('differs for different input', () => {
    const [one, same, other] = ['hi', 'hi', 'ho'].map((message) =>
      idempotencyRecord('chat', 'k', { message }),
    );
    if (!one || !same || !other) throw new Error('no record');
    expect(() => {
      assertSameInput(one, same.hash);
    }).not.toThrow();
    expect(() => {
      assertSameInput(one, other.hash);
    }).toThrow(IdempotencyKeyReused);
  });

  it('fills three columns, with null in each if there is no key', () => {
    const empty = { idempotencyRoute: null, idempotencyKey: null, idempotencyHash: null };
    expect(idempotencyColumns(undefined)).toEqual(empty);
    const idempotency = { route: 'grant', key: 'k', hash: 'h' } as const;
    expect(idempotencyColumns(idempotency)).toEqual({
      idempotencyRoute: 'grant',
      idempotencyKey: 'k',
      idempotencyHash: 'h',
    });
  });
});
