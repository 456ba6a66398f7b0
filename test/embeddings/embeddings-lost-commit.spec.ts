import { describe, expect, it } from '@jest/globals';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import { TestApp } from '../support/app.js';
import { createDatabase, databaseKinds } from '../support/databases.js';
import { embed } from '../support/embeddings.js';
import { modelsOf } from '../support/models-file.js';
import { Pooler } from '../support/pooler.js';
import { until } from '../support/until.js';
import { Upstream } from '../support/upstream.js';

const postgres = databaseKinds.filter((kind) => kind === 'postgres');

describe.each(postgres)('a hold for embeddings, on %s', (kind) => {
  it('is released by the next sweep if the result of its commit is lost, and no provider is asked', async () => {
    const owned = await createDatabase(kind);
    const pooler = await Pooler.start(owned.url, 'session');
    const upstream = await Upstream.start({ good: embed });
    const models = modelsOf(upstream.baseUrl, ['good']);
    const app = await TestApp.start(kind, { ...models, DATABASE_URL: pooler.url });
    const ada = await app.newUser();
    const sweeper = app.nest.get(HoldSweeper);
    // Stops the background sweeps, which would release the hold that this test sweeps.
    await sweeper.onModuleDestroy();
    pooler.cutsNextCommit = true;
    const { status } = await ada.send('POST', '/v1/embeddings', { model: 'flat:good', input: 'x' });
    expect([status, pooler.cutsNextCommit, upstream.calls.length]).toEqual([503, false, 0]);
    const holds = () => app.database.rows<{ state: string }>('SELECT state FROM holds');
    await until(async () => (await holds()).length === 1);
    await sweeper.sweep();
    const wallets = await app.database.rows<{ held: number }>('SELECT held FROM wallets');
    expect([await holds(), wallets]).toEqual([[{ state: 'released' }], [{ held: 0 }]]);
    expect(await ada.balance()).toBe(4000);
    await app.close();
    await upstream.stop();
    await pooler.stop();
    await owned.drop();
  });
});
