import { describe, expect, it, jest } from '@jest/globals';
import { DatabaseBusy } from '../../src/errors.js';
import { SECOND_MICROS } from '../../src/time.js';
import { BatchedCaptures } from '../../src/wallet/holds/batched-captures.service.js';
import { LateSettlements } from '../../src/wallet/holds/late-settlements.js';
import { databaseKinds } from '../support/databases.js';
import { stageProvider } from '../support/stages.js';

describe.each(databaseKinds)('the settlement of an answer on %s', (kind) => {
  const stage = stageProvider(kind);

  it('may be tried until its hold expires', async () => {
    const { app, provider, ada } = stage;
    const settle = jest.spyOn(app.nest.get(LateSettlements), 'settle');
    let expiresAt = 0;
    provider.delayWith(async () => {
      const open = `SELECT expires_at FROM holds WHERE state = 'open'`;
      const [hold] = await app.database.rows<{ expires_at: number }>(open);
      expiresAt = hold?.expires_at ?? 0;
    });
    expect((await ada.chat('in time', { 'Idempotency-Key': 'in-time' })).status).toBe(200);
    const until = settle.mock.lastCall?.[1] ?? 0;
    settle.mockRestore();
    expect(expiresAt).toBeGreaterThan(0);
    expect(until).toBeGreaterThanOrEqual(expiresAt);
    expect(until).toBeLessThan(expiresAt + 60 * SECOND_MICROS);
    expect(await ada.balance()).toBe(3900);
  });

  it('saves the turn with the charge if the first attempt finds the database busy', async () => {
    const { app, ada } = stage;
    const capture = jest.spyOn(app.nest.get(BatchedCaptures), 'capture');
    capture.mockRejectedValueOnce(new DatabaseBusy());
    const answer = await ada.chat('later', { 'Idempotency-Key': 'later' });
    expect([answer.status, capture.mock.calls.length]).toEqual([200, 2]);
    capture.mockRestore();
    expect(await ada.history()).toMatchObject([{ message: 'later', tokens: 100 }]);
    expect(await ada.balance()).toBe(3900);
    expect(await app.database.differences()).toEqual([]);
  });
});
