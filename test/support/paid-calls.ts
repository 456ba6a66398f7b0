import { expect } from '@jest/globals';
import type { TestApp } from './app.js';
import type { Caller } from './client.js';
import type { ProviderProbe } from './provider-probe.js';

/** A tool in the format of OpenAI's clients. */
export const ADD = {
  name: 'add',
  description: 'Adds',
  parameters: { type: 'object' as const, properties: { a: { type: 'number' as const } } },
};

/** Makes the provider answer with a call of the tool `add`. */
export function callAdd(provider: ProviderProbe): void {
  const add = { name: 'add', arguments: '{"a":1}' };
  const call = { index: 0, id: 'c1', type: 'function', function: add };
  provider.answer([
    { type: 'delta', text: '', toolCalls: [call] },
    { type: 'done', finishReason: 'tool_calls', usage: { promptTokens: 3, completionTokens: 4 } },
  ]);
}

/** Checks that there is one charge and one turn for each answer, as on every other route. */
export async function expectPaid(app: TestApp, caller: Caller, answers: number): Promise<void> {
  expect(await caller.balance()).toBe(4000 - 100 * answers);
  const { body } = await caller.get('/api/wallet/ledger/');
  const charges = (body.results as { kind: string }[]).filter(({ kind }) => kind === 'charge');
  expect(charges).toHaveLength(answers);
  expect(await caller.history()).toHaveLength(answers);
  expect(await app.database.unbalancedWallets()).toEqual([]);
}
