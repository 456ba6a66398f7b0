import { describe, expect, it } from '@jest/globals';
import type { Tx } from '../../src/database/transactions/tx.js';
import { DatabaseBusy, DatabaseNotAnswering } from '../../src/errors.js';
import { User } from '../../src/users/user.entity.js';
import { Inspector } from '../support/databases.js';
import { user } from '../support/rows.js';
import { stageUnits } from '../support/stages.js';
import { StatementLog } from '../support/statement-log.js';

const UNDONE = new Error('undone');

describe('a unit of work that fails on SQLite', () => {
  const stage = stageUnits('sqlite');

  /** Runs units at once. Returns how they ended, how often each ran, and which of them were told of a commit. */
  const runAll = async (works: readonly ((tx: Tx) => unknown)[]) => {
    const runs = works.map(() => 0);
    const committed: number[] = [];
    const outcomes = await Promise.allSettled(
      works.map((work, n) =>
        stage.units.run(async (tx) => {
          runs[n] = (runs[n] ?? 0) + 1;
          tx.whenCommitted(() => committed.push(n));
          await work(tx);
        }),
      ),
    );
    const errors = outcomes.map((one) =>
      one.status === 'rejected' ? (one.reason as Error) : 'ok',
    );
    return { errors, runs, committed };
  };
  const save = (id: string) => (tx: Tx) => {
    tx.insertLater(User, user(id));
  };
  const failAfter = (id: string) => async (tx: Tx) => {
    save(id)(tx);
    await tx.flush();
    throw UNDONE;
  };
  const saved = async () => {
    const rows = await stage.reader.read<{ id: string }>('SELECT id FROM users ORDER BY id', []);
    return rows.map(({ id }) => id);
  };

  it('runs once if it runs alone', async () => {
    expect(await runAll([failAfter('a')])).toEqual({ errors: [UNDONE], runs: [1], committed: [] });
    expect(await saved()).toEqual([]);
  });

  it('does not make others run again if it has written nothing', async () => {
    const fail = (tx: Tx) => {
      save('b')(tx);
      throw UNDONE;
    };
    expect(await runAll([save('a'), fail, save('c')])).toEqual({
      errors: ['ok', UNDONE, 'ok'],
      runs: [1, 1, 1],
      committed: [0, 2],
    });
    expect(await saved()).toEqual(['a', 'c']);
  });

  it('makes others run again if it has written, and they are committed once', async () => {
    expect(await runAll([save('a'), failAfter('b'), save('c')])).toEqual({
      errors: ['ok', UNDONE, 'ok'],
      runs: [2, 2, 1],
      committed: [0, 2],
    });
    expect(await saved()).toEqual(['a', 'c']);
  });

  it('makes the other units fail too if its error may have ended the transaction', async () => {
    const outage = new DatabaseNotAnswering();
    const end = async (tx: Tx) => {
      await tx.read('/* spec */ ROLLBACK', []);
      throw outage;
    };
    // What a later unit writes would be committed at once, although its caller is told of an error.
    expect(await runAll([save('a'), end, save('c')])).toEqual({
      errors: [outage, outage, outage],
      runs: [2, 2, 0],
      committed: [],
    });
    expect(await saved()).toEqual([]);
    expect((await runAll([save('later')])).errors).toEqual(['ok']);
    expect(await saved()).toEqual(['later']);
  });

  it('is not tried again one by one if another program has the lock', async () => {
    const other = await Inspector.open(stage.url);
    await stage.database.query('PRAGMA busy_timeout = 0');
    const log = new StatementLog([stage.database]);
    await other.inTransaction(async () => {
      const statements = await log.during(async () => {
        expect(await runAll([save('a'), save('b')])).toEqual({
          errors: [new DatabaseBusy(), new DatabaseBusy()],
          runs: [0, 0],
          committed: [],
        });
      });
      expect(statements.filter(({ sql }) => sql === 'BEGIN IMMEDIATE')).toHaveLength(1);
    });
    await other.close();
    expect((await runAll([save('a'), save('b')])).errors).toEqual(['ok', 'ok']);
    expect(await saved()).toEqual(['a', 'b']);
  });
});
