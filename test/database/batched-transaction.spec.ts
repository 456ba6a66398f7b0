import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { Database, dataSourceOptions } from '../../src/database/data-source.js';
import { BatchedTransaction } from '../../src/database/batched-transaction.js';
import type { Tx } from '../../src/database/tx.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { entities } from '../../src/entities.js';
import { QueueFull } from '../../src/errors.js';
import { appendEntry } from '../../src/wallet/ledger.js';
import { RedemptionCode } from '../../src/wallet/redemption-code.entity.js';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { code } from '../support/rows.js';

const NEVER_ABORTED = new AbortController().signal;

describe.each(databaseKinds)('units that begin with the same step on %s', (kind) => {
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

  const gathering = (
    many: (tx: Tx, inputs: readonly string[]) => Promise<(string | undefined)[]>,
    patienceMs?: number,
    unitOfWork = app.nest.get(UnitOfWork),
  ) =>
    new BatchedTransaction<string, string>(
      unitOfWork,
      {
        single: (_, input) => {
          alone.push(input);
          return Promise.resolve(`${input} alone`);
        },
        batch: (tx, inputs) => {
          together.push([...inputs]);
          return many(tx, inputs);
        },
      },
      patienceMs,
    );
  const finish = (_: unknown, result: string) => result;

  it('share the next transaction, 64 of them at most, while one is under way', async () => {
    const units = gathering((_, inputs) => Promise.resolve([...inputs]));
    const names = Array.from({ length: 100 }, (_, n) => `unit ${String(n)}`);
    const first = units.add('first', NEVER_ABORTED, finish);
    await Promise.resolve();
    const rest = Promise.all(names.map((name) => units.add(name, NEVER_ABORTED, finish)));
    expect([await first, await rest]).toEqual(['first', names]);
    expect(together.flat()).toEqual(['first', ...names]);
    expect(together.map((group) => group.length)).toEqual([64, 37]);
    expect(alone).toEqual([]);
  });

  it('run alone if the shared step fails or does not cover them', async () => {
    const units = gathering((_, inputs) =>
      inputs.includes('bad')
        ? Promise.reject(new Error('not together'))
        : Promise.resolve(inputs.map((input) => (input === 'odd' ? undefined : input))),
    );
    const add = (name: string) => units.add(name, NEVER_ABORTED, finish);
    expect(await Promise.all([add('even'), add('odd')])).toEqual(['even', 'odd alone']);
    expect(await Promise.all([add('even'), add('bad')])).toEqual(['even alone', 'bad alone']);
    expect(alone).toEqual(['odd', 'even', 'bad']);
  });

  it('are not repeated if the commit fails, because it may have happened', async () => {
    const sql = 'ALTER TABLE ledger_entries ALTER CONSTRAINT ledger_entries_wallet';
    if (kind === 'postgres') await app.database.rows(`${sql} DEFERRABLE INITIALLY DEFERRED`);
    const units = gathering(async (tx, inputs) => {
      if (kind === 'sqlite') await tx.write('/* spec */ PRAGMA defer_foreign_keys = ON', []);
      // An entry of a wallet that there is not: the database says so at the commit.
      appendEntry(
        tx,
        { balance: 1, held: 0, entryCount: 1, lastOrdinal: 0 },
        { ownerId: 'nobody', kind: 'grant', amount: 1, reason: 'spec' },
      );
      return [...inputs];
    });
    const outcomes = await Promise.allSettled(
      ['one', 'two'].map((name) => units.add(name, NEVER_ABORTED, finish)),
    );
    expect(outcomes).toEqual(
      Array(2).fill({ status: 'rejected', reason: expect.any(QueryFailedError) as unknown }),
    );
    expect([together, alone]).toEqual([[['one', 'two']], []]);
    expect(await app.database.count('ledger_entries')).toBe(0);
  });

  it('run alone if a row of one of them is refused', async () => {
    const units = gathering((_, inputs) => Promise.resolve([...inputs]));
    await app.nest.get(UnitOfWork).run((tx) => {
      tx.insertLater(RedemptionCode, code('taken'));
    });
    const save = (tx: Tx, result: string) => {
      tx.insertLater(RedemptionCode, code(result.replace(' alone', '')));
    };
    const outcomes = await Promise.allSettled(
      ['fresh', 'taken'].map((name) => units.add(name, NEVER_ABORTED, save)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(new Set(alone)).toEqual(new Set(['fresh', 'taken']));
    expect(await app.database.count('redemption_codes')).toBe(2);
  });

  it('do not wait forever for a transaction that gets no answer', async () => {
    let answerStatement: (results: string[]) => void = () => undefined;
    const statementAnswer = new Promise<string[]>((resolve) => (answerStatement = resolve));
    const units = gathering((_, inputs) => {
      return inputs[0] === 'silent' ? statementAnswer : Promise.resolve([...inputs]);
    }, 50);
    const silent = units.add('silent', NEVER_ABORTED, finish);
    while (together.length === 0) await sleep(1);
    const next = units.add('next', NEVER_ABORTED, finish);
    // SQLite's one writer does not go on without it; on PostgreSQL the next is done meanwhile.
    if (kind === 'postgres') expect(await next).toBe('next');
    answerStatement(['silent']);
    expect(await Promise.all([silent, next])).toEqual(['silent', 'next']);
    expect(alone).toEqual([]);
  });

  it('are refused only while ten thousand wait', async () => {
    const units = gathering((_, inputs) => Promise.resolve([...inputs]));
    const waiting = Array.from({ length: 10_000 }, () => units.add('one', NEVER_ABORTED, finish));
    expect(units.depth).toBe(10_000);
    const tooMany = units.add('one too many', NEVER_ABORTED, finish);
    await expect(tooMany).rejects.toEqual(new QueueFull());
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['one']));
    expect(together.flat()).toHaveLength(10_000);
    expect(await units.add('later', NEVER_ABORTED, finish)).toBe('later');
  });

  it('all fail if the database is closed, and nothing is done', async () => {
    const options = { url: app.databaseUrl, poolMax: 2, entities };
    const database = new Database(dataSourceOptions(options));
    await database.initialize();
    await database.destroy();
    const units = gathering(
      (_, inputs) => Promise.resolve([...inputs]),
      undefined,
      new UnitOfWork(database),
    );
    const outcomes = await Promise.allSettled(
      ['one', 'two'].map((name) => units.add(name, NEVER_ABORTED, finish)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect([together, alone]).toEqual([[], []]);
  });

  if (kind === 'sqlite') return;

  it('are the same units if the transaction runs again after a deadlock', async () => {
    let attempts = 0;
    const units = gathering(async (tx, inputs) => {
      attempts += 1;
      const code = attempts < 3 ? '40P01' : '';
      if (code) await tx.write(`/* spec */ DO $$ BEGIN RAISE SQLSTATE '${code}'; END $$`, []);
      return [...inputs];
    });
    const first = units.add('first', NEVER_ABORTED, finish);
    while (attempts < 1) await sleep(1);
    const second = units.add('second', NEVER_ABORTED, finish);
    expect(await Promise.all([first, second])).toEqual(['first', 'second']);
    expect(together).toEqual([['first'], ['first'], ['first'], ['second']]);
    expect(alone).toEqual([]);
  });
});
