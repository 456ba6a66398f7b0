import { expect } from '@jest/globals';
import type { TestApp } from './app.js';
import type { Answer } from './client.js';
import type { WireAnswer } from './wire.js';

const TABLES = [
  'users',
  'access_tokens',
  'jwt_families',
  'wallets',
  'holds',
  'ledger_entries',
  'conversations',
  'turns',
];

/** Returns the number of rows in each table. Equal counts mean that nothing was written. */
export function rowCounts(app: TestApp): Promise<number[]> {
  return Promise.all(TABLES.map((table) => app.database.count(table)));
}

function expectHeaders({ headers }: Answer | WireAnswer): void {
  expect(headers['content-type']).toBe('application/json');
  expect(headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
}

/** Expects `{"detail", "code"}` and no other key. */
export function expectProblem(
  answer: Answer | WireAnswer | undefined,
  status: number,
  code: string,
): void {
  if (!answer) throw new Error('no answer at all');
  expectHeaders(answer);
  const body: unknown = typeof answer.body === 'string' ? JSON.parse(answer.body) : answer.body;
  expect([answer.status, body]).toEqual([status, { detail: expect.any(String), code }]);
}

/** Expects 400 with `{"field": ["sentence", …]}` for that field and no other. */
export function expectFault(answer: Answer, field: string, sentence = /^[A-Z].+\.$/): void {
  expectHeaders(answer);
  const sentences = expect.arrayContaining([expect.stringMatching(sentence)]);
  expect([answer.status, answer.body]).toEqual([400, { [field]: sentences }]);
}
