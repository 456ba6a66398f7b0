import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ReadConnection } from '../../src/database/read-connection.js';
import { audit } from '../../src/wallet/audit.js';
import { TestApp } from '../support/app.js';
import type { DatabaseKind } from '../support/databases.js';
import { describeOn } from '../support/describe-on.js';
import { keepWithinOneDay } from '../support/midnight.js';
import { seed } from '../support/seeded-random.js';
import { byEffort } from '../support/effort.js';
import { commands } from '../support/wallet-commands.js';
import type { Model } from '../support/wallet-model.js';

/** A failing run prints the shortest list of steps that fails. */
const RUNS = byEffort({ light: 8, full: 100 });
const COMMANDS_MAX = 80;
const TIMEOUT_MS = 180_000;

const walletModel = (kind: DatabaseKind): void => {
  keepWithinOneDay(TIMEOUT_MS);
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  it(
    'agrees after every step of every interleaving, and the books balance',
    async () => {
      const count = { steps: 0, wallets: 0 };
      await fc.assert(
        fc.asyncProperty(
          fc.commands(commands, { maxCommands: COMMANDS_MAX, size: 'max' }),
          async (plan) => {
            const real = { app, owners: [], count };
            await fc.asyncModelRun(() => ({ model: [] as Model[], real }), plan);
          },
        ),
        { numRuns: RUNS, seed },
      );
      expect(count.steps).toBeGreaterThan(8 * RUNS);
      expect((await audit(app.nest.get(ReadConnection))).differences).toEqual([]);
    },
    TIMEOUT_MS,
  );
};

/** The cases of `wallet-model` on one database. */
export function walletModelSuite(kind: DatabaseKind): void {
  describeOn(kind, 'A wallet against its model', walletModel);
}
