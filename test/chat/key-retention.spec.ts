import { describe, expect, it } from '@jest/globals';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import { databaseKinds } from '../support/databases.js';
import { stageProvider } from '../support/stages.js';
import { until } from '../support/until.js';

describe.each(databaseKinds)('an answer that takes longer than keys are kept, on %s', (kind) => {
  const stage = stageProvider(kind);

  it('keeps its key, so that a repetition asks and charges nothing', async () => {
    const { app, provider, ada } = stage;
    let answer: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      answer = resolve;
    });
    provider.delayWith(() => gate);
    const chat = () => ada.chat('once', { 'Idempotency-Key': 'long' });
    const first = chat();
    await until(() => provider.calls === 1);
    await app.database.rows(`UPDATE holds SET created_at = 0 WHERE claim_key = 'long'`);
    await app.nest.get(HoldSweeper).sweep();
    expect((await chat()).status).toBe(409);
    answer();
    expect((await first).status).toBe(200);
    expect(provider.calls).toBe(1);
    expect(await ada.balance()).toBe(3900);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
});
