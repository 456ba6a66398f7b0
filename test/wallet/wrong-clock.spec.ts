import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { until } from '../support/until.js';

const HOUR_MS = 3_600_000;

const postgres = databaseKinds.filter((kind) => kind === 'postgres');

describe.each(postgres)('a process on %s whose clock is an hour wrong', (kind) => {
  const wallClock = Date.now.bind(Date);
  let app: TestApp;
  let ada: Caller;
  let answer: () => void;

  beforeEach(async () => {
    app = await TestApp.start(kind);
    const provider = new ProviderProbe(app.nest);
    const gate = new Promise<void>((resolve) => (answer = resolve));
    provider.delayWith(() => gate);
    ada = await app.newUser();
  });
  afterEach(async () => {
    Date.now = wallClock;
    await app.close();
  });

  const setClock = (byMs: number) => {
    Date.now = () => wallClock() + byMs;
  };
  const openHolds = () => app.database.count('holds', `state = 'open'`);

  it.each([-HOUR_MS, HOUR_MS])('gives its holds their full lifetime (%i ms)', async (byMs) => {
    setClock(byMs);
    const chat = ada.chat('wait');
    await until(async () => (await openHolds()) === 1);
    // 120 s for the answer and 600 s more, by the server's clock.
    expect(
      await app.database.count(
        'holds',
        `expires_at - extract(epoch FROM clock_timestamp()) * 1e6 BETWEEN 600e6 AND 721e6`,
      ),
    ).toBe(1);
    answer();
    expect((await chat).status).toBe(200);
  });

  it('does not expire the holds of others', async () => {
    const chat = ada.chat('wait');
    await until(async () => (await openHolds()) === 1);
    setClock(HOUR_MS);
    await app.nest.get(HoldSweeper).sweep();
    expect(await openHolds()).toBe(1);
    answer();
    expect((await chat).status).toBe(200);
    expect(await ada.balance()).toBe(3900);
  });
});
