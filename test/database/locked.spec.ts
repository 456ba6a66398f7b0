import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Answer, Caller } from '../support/client.js';
import { modelsOf } from '../support/models-file.js';
import { until } from '../support/until.js';
import { Upstream } from '../support/upstream.js';

/** Longer than the service waits for a lock. */
const LOCKED_MS = 6000;
const BUSY = { detail: 'The database is busy.', code: 'unavailable' };
const KEYED = { 'Idempotency-Key': 'one' };
const ASK = { message: 'hi', model: 'flat:gated' };

let openGate: () => void;
let upstream: Upstream;
let app: TestApp;
let ada: Caller;

beforeEach(async () => {
  const opened = new Promise<void>((resolve) => (openGate = resolve));
  upstream = await Upstream.start({
    gated: async (call) => {
      call.open();
      await call.delta('Hello');
      await opened;
      await call.finish();
      await call.usage(1, 1);
      await call.end();
    },
  });
  app = await TestApp.start('sqlite', modelsOf(upstream.baseUrl, ['gated']));
  ada = await app.newUser();
});
afterEach(async () => {
  await app.close();
  await upstream.stop();
});

async function assertPaid(answers: number): Promise<void> {
  expect(await ada.balance()).toBe(4000 - 100 * answers);
  expect(await app.database.count('ledger_entries', `kind = 'charge'`)).toBe(answers);
  expect(await app.database.count('turns')).toBe(answers);
  expect(await app.database.unbalancedWallets()).toEqual([]);
  expect(await app.database.differences()).toEqual([]);
}

describe('an SQLite file that another program locks for longer than the time limit', () => {
  it('makes a message 503 without a charge, and a running answer is settled afterwards', async () => {
    const answer = ada.send('POST', '/api/chat/', ASK, KEYED);
    await until(() => upstream.calls.length === 1);
    let refused: Answer | undefined;
    await app.database.inTransaction(async () => {
      openGate();
      const message = ada.chat('hello');
      await sleep(LOCKED_MS);
      refused = await message;
    });
    expect([refused?.status, refused?.body]).toEqual([503, BUSY]);
    expect(refused?.headers['retry-after']).toBe('1');
    const { status, body } = await answer;
    expect(status).toBe(200);
    const replay = await ada.send('POST', '/api/chat/', ASK, KEYED);
    expect([replay.status, replay.body]).toEqual([200, body]);
    expect(upstream.calls).toHaveLength(1);
    await assertPaid(1);
  });
});
