import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { Database, dataSourceOptions } from '../../src/database/data-source.js';
import { BatchedTransaction } from '../../src/database/transactions/batched-transaction.js';
import type { Tx } from '../../src/database/transactions/tx.js';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { entities } from '../../src/entities.js';
import { DatabaseBusy, QueueFull } from '../../src/errors.js';
import { appendEntry } from '../../src/wallet/ledger.js';
import { RedemptionCode } from '../../src/wallet/redemption-code.entity.js';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { code } from '../support/rows.js';
import { until } from '../support/until.js';

const NEVER_ABORTED = new AbortController().signal;

describe.each(databaseKinds)('BatchedTransaction on %s', (kind) => {
  let app: TestApp;
  let alone: string[];
  let together: string[][];

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());
  beforeEach(() => {
    alone = [];
    together = [];
  });

  const newBatches = (
    runBatch: (tx: Tx, inputs: readonly string[]) => Promise<(string | undefined)[]>,
    stallTimeoutMs?: number,
    unitOfWork = app.nest.get(UnitOfWork),
  ) =>
    new BatchedTransaction<string, string>(
      unitOfWork,
      {
        lockedRow: (input) => input,
        single: (_, input) => {
          alone.push(input);
          return Promise.resolve(`${input} alone`);
        },
        batch: (tx, inputs) => {
          together.push([...inputs]);
          return runBatch(tx, inputs);
        },
      },
      stallTimeoutMs,
    );
  const finish = (_: unknown, result: string) => result;

  it('puts units that arrive during a transaction into the next one, at most 64', async () => {
    const batches = newBatches((_, inputs) => Promise.resolve([...inputs]));
    const names = Array.from({ length: 100 }, (_, n) => `unit ${String(n)}`);
    const first = batches.add('first', NEVER_ABORTED, finish);
    await Promise.resolve();
    const rest = Promise.all(names.map((name) => batches.add(name, NEVER_ABORTED, finish)));
    expect([await first, await rest]).toEqual(['first', names]);
    expect(together.flat()).toEqual(['first', ...names]);
    expect(together.map((group) => group.length)).toEqual([64, 37]);
    expect(alone).toEqual([]);
  });

  it('retries each unit alone when the batch fails or skips it', async () => {
    const batches = newBatches((_, inputs) =>
      inputs.includes('bad')
        ? Promise.reject(new Error('not together'))
        : Promise.resolve(inputs.map((input) => (input === 'odd' ? undefined : input))),
    );
    const add = (name: string) => batches.add(name, NEVER_ABORTED, finish);
    expect(await Promise.all([add('even'), add('odd')])).toEqual(['even', 'odd alone']);
    expect(await Promise.all([add('even'), add('bad')])).toEqual(['even alone', 'bad alone']);
    expect(alone).toEqual(['odd', 'even', 'bad']);
  });

  it('runs the step of a unit without company by itself on SQLite, where it waits for no lock', async () => {
    const batches = newBatches((_, inputs) => Promise.resolve([...inputs]));
    const isSqlite = kind === 'sqlite';
    const value = await batches.add('only', NEVER_ABORTED, finish);
    expect(value).toBe(isSqlite ? 'only alone' : 'only');
    expect([together, alone]).toEqual(isSqlite ? [[], ['only']] : [[['only']], []]);
  });

  it('does not run a unit without company again on SQLite if it fails, and keeps nothing of it', async () => {
    const batches = newBatches((_, inputs) => Promise.resolve([...inputs]));
    const before = await app.database.count('redemption_codes');
    let runs = 0;
    const failed = batches.add('only', NEVER_ABORTED, (tx: Tx) => {
      runs += 1;
      tx.insertLater(RedemptionCode, code('never kept'));
      throw new Error('refused');
    });
    await expect(failed).rejects.toThrow('refused');
    expect([runs, alone]).toEqual([kind === 'sqlite' ? 1 : 2, ['only']]);
    expect(await app.database.count('redemption_codes')).toBe(before);
  });

  it('does nothing for a unit whose caller has left before its turn', async () => {
    const left = new AbortController();
    const batches = newBatches((_, inputs) => Promise.resolve([...inputs]));
    const outcomes = Promise.allSettled([
      batches.add('gone', left.signal, finish),
      batches.add('stays', NEVER_ABORTED, finish),
      batches.add('stays too', NEVER_ABORTED, finish),
    ]);
    const reason = new Error('left');
    left.abort(reason);
    expect(await outcomes).toEqual([
      { status: 'rejected', reason },
      { status: 'fulfilled', value: 'stays' },
      { status: 'fulfilled', value: 'stays too' },
    ]);
    expect([together, alone]).toEqual([[['stays', 'stays too']], []]);
  });

  it('does not run units one by one if there is no connection for the batch', async () => {
    const units = app.nest.get(UnitOfWork);
    const run = jest.spyOn(units, 'run').mockRejectedValueOnce(new DatabaseBusy());
    const batches = newBatches((_, inputs) => Promise.resolve([...inputs]));
    const outcomes = await Promise.allSettled(
      ['one', 'two'].map((name) => batches.add(name, NEVER_ABORTED, finish)),
    );
    run.mockRestore();
    const refused = { status: 'rejected', reason: new DatabaseBusy() };
    expect(outcomes).toEqual([refused, refused]);
    expect([together, alone]).toEqual([[], []]);
  });

  it('does not retry when the commit fails, because it may have succeeded', async () => {
    const sql = 'ALTER TABLE ledger_entries ALTER CONSTRAINT ledger_entries_wallet';
    if (kind === 'postgres') await app.database.rows(`${sql} DEFERRABLE INITIALLY DEFERRED`);
    const batches = newBatches(async (tx, inputs) => {
      if (kind === 'sqlite') await tx.write('/* spec */ PRAGMA defer_foreign_keys = ON', []);
      // The wallet of this entry does not exist. The database reports that at the commit.
      appendEntry(
        tx,
        { balance: 1, held: 0, entryCount: 1, lastOrdinal: 0 },
        { ownerId: 'nobody', kind: 'grant', amount: 1, reason: 'spec' },
      );
      return [...inputs];
    });
    const outcomes = await Promise.allSettled(
      ['one', 'two'].map((name) => batches.add(name, NEVER_ABORTED, finish)),
    );
    expect(outcomes).toEqual(
      Array(2).fill({ status: 'rejected', reason: expect.any(QueryFailedError) as unknown }),
    );
    expect([together, alone]).toEqual([[['one', 'two']], []]);
    expect(await app.database.count('ledger_entries')).toBe(0);
  });

  it('retries each unit alone when the database refuses a row of one unit', async () => {
    const batches = newBatches((_, inputs) => Promise.resolve([...inputs]));
    await app.nest.get(UnitOfWork).run((tx) => {
      tx.insertLater(RedemptionCode, code('taken'));
    });
    const save = (tx: Tx, result: string) => {
      tx.insertLater(RedemptionCode, code(result.replace(' alone', '')));
    };
    const outcomes = await Promise.allSettled(
      ['fresh', 'taken'].map((name) => batches.add(name, NEVER_ABORTED, save)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(new Set(alone)).toEqual(new Set(['fresh', 'taken']));
    expect(await app.database.count('redemption_codes')).toBe(2);
  });

  it('starts the next transaction when one gets no answer', async () => {
    let answerStatement: (results: string[]) => void = () => undefined;
    const statementAnswer = new Promise<string[]>((resolve) => (answerStatement = resolve));
    const batches = newBatches((_, inputs) => {
      return inputs[0] === 'silent' ? statementAnswer : Promise.resolve([...inputs]);
    }, 50);
    const addAll = (...names: string[]) =>
      Promise.all(names.map((name) => batches.add(name, NEVER_ABORTED, finish)));
    const silent = addAll('silent', 'silent too');
    await until(() => together.length > 0);
    const next = addAll('next', 'next too');
    // SQLite has one writer, which waits. On PostgreSQL the next units run meanwhile.
    if (kind === 'postgres') expect(await next).toEqual(['next', 'next too']);
    answerStatement(['silent', 'silent too']);
    expect(await silent).toEqual(['silent', 'silent too']);
    expect(await next).toEqual(['next', 'next too']);
    expect(alone).toEqual([]);
  });

  it('refuses a unit only while ten thousand wait', async () => {
    const batches = newBatches((_, inputs) => Promise.resolve([...inputs]));
    const waiting = Array.from({ length: 10_000 }, () => batches.add('one', NEVER_ABORTED, finish));
    expect(batches.depth).toBe(10_000);
    const tooMany = batches.add('one too many', NEVER_ABORTED, finish);
    await expect(tooMany).rejects.toEqual(new QueueFull());
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['one']));
    expect(together.flat()).toHaveLength(10_000);
    const later = ['later', 'last'].map((name) => batches.add(name, NEVER_ABORTED, finish));
    expect(await Promise.all(later)).toEqual(['later', 'last']);
  });

  it('rejects all units if the database is closed, and does nothing', async () => {
    const options = { url: app.databaseUrl, poolMax: 2, entities };
    const database = new Database(dataSourceOptions(options));
    await database.initialize();
    await database.destroy();
    const batches = newBatches(
      (_, inputs) => Promise.resolve([...inputs]),
      undefined,
      new UnitOfWork(database),
    );
    const outcomes = await Promise.allSettled(
      ['one', 'two'].map((name) => batches.add(name, NEVER_ABORTED, finish)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect([together, alone]).toEqual([[], []]);
  });

  if (kind === 'sqlite') return;

  it('keeps the same units if the transaction runs again after a deadlock', async () => {
    let attempts = 0;
    const batches = newBatches(async (tx, inputs) => {
      attempts += 1;
      const code = attempts < 3 ? '40P01' : '';
      if (code) await tx.write(`/* spec */ DO $$ BEGIN RAISE SQLSTATE '${code}'; END $$`, []);
      return [...inputs];
    });
    const first = batches.add('first', NEVER_ABORTED, finish);
    await until(() => attempts > 0);
    const second = batches.add('second', NEVER_ABORTED, finish);
    expect(await Promise.all([first, second])).toEqual(['first', 'second']);
    expect(together).toEqual([['first'], ['first'], ['first'], ['second']]);
    expect(alone).toEqual([]);
  });
});
