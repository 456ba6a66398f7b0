import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { ReadConnection } from '../../src/database/read-connection.js';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import { WalletChecker } from '../../src/wallet/wallet-checker.js';
import type { OpenAiCompatibleProvider } from '../../src/models/providers/openai-compatible.provider.js';
import { TestApp } from './app.js';
import type { Caller } from './client.js';
import type { DatabaseKind } from './databases.js';
import { openMigrated, type Migrated } from './migrated.js';
import { modelsOf } from './models-file.js';
import { createProvider } from './provider-at.js';
import { ProviderProbe } from './provider-probe.js';
import { StatementLog } from './statement-log.js';
import { Upstream, type Behaviour } from './upstream.js';

// Each function is called in a `describe` block. It registers the hooks that start and stop what the tests of the
// block share. The returned object has its properties only when the tests run.

/** Starts the service with a provider that a test can delay or fail. Each test gets a new user, `ada`. */
export function stageProvider(kind: DatabaseKind) {
  const stage = {} as { app: TestApp; provider: ProviderProbe; ada: Caller };
  beforeAll(async () => {
    stage.app = await TestApp.start(kind);
    stage.provider = new ProviderProbe(stage.app.nest);
  });
  beforeEach(async () => {
    stage.ada = await stage.app.newUser();
  });
  afterAll(() => stage.app.close());
  return stage;
}

/** Starts a provider with these behaviours, and the service with a model for each of them, at both prices. */
export function stageModels(
  kind: DatabaseKind,
  behaviours: Readonly<Record<string, Behaviour>>,
  fieldsOf?: (behaviour: string) => object,
) {
  const stage = {} as { app: TestApp; upstream: Upstream };
  beforeAll(async () => {
    stage.upstream = await Upstream.start(behaviours);
    const models = modelsOf(stage.upstream.baseUrl, Object.keys(behaviours), {}, fieldsOf);
    stage.app = await TestApp.start(kind, models);
  });
  afterAll(async () => {
    await stage.app.close();
    await stage.upstream.stop();
  });
  return stage;
}

/** Starts a server with these behaviours, and a provider that calls it, without the service. */
export function stageUpstream(behaviours: Readonly<Record<string, Behaviour>>) {
  const stage = {} as { upstream: Upstream; provider: OpenAiCompatibleProvider };
  beforeAll(async () => {
    stage.upstream = await Upstream.start(behaviours);
    stage.provider = createProvider(stage.upstream.baseUrl);
  });
  afterAll(async () => {
    await stage.provider.close();
    await stage.upstream.stop();
  });
  return stage;
}

/**
 * Starts the service and records its statements, without sweeps and checks, which begin at any time. Each test gets two new
 * wallets of 1,000, by their owners' ids.
 */
export function stageWallets(kind: DatabaseKind) {
  const stage = {} as { app: TestApp; log: StatementLog; ada: string; bob: string };
  beforeAll(async () => {
    stage.app = await TestApp.start(kind);
    const { nest } = stage.app;
    await Promise.all([HoldSweeper, WalletChecker].map((name) => nest.get(name).onModuleDestroy()));
    stage.log = StatementLog.of(stage.app.nest);
  });
  beforeEach(async () => {
    const { app } = stage;
    stage.ada = await app.ownerOf(await app.newUser({ tokens: 1000 }));
    stage.bob = await app.ownerOf(await app.newUser({ tokens: 1000 }));
  });
  afterAll(() => stage.app.close());
  return stage;
}

/** Opens a database with the schema, without a service. Each test begins without users, wallets and codes. */
export function stageUnits(kind: DatabaseKind) {
  const stage = {} as Migrated & { units: UnitOfWork; reader: ReadConnection };
  beforeAll(async () => {
    const owned = await openMigrated(kind);
    const { database } = owned;
    const [units, reader] = [new UnitOfWork(database), new ReadConnection(database)];
    Object.assign(stage, { ...owned, units, reader });
  });
  afterEach(() => stage.empty());
  afterAll(() => stage.drop());
  return stage;
}
