import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { DatabaseBusy } from '../../src/errors.js';
import { User } from '../../src/users/user.entity.js';
import { databaseKinds } from '../support/databases.js';
import { user } from '../support/rows.js';
import { stageUnits } from '../support/stages.js';

const postgres = databaseKinds.filter((kind) => kind === 'postgres');

/** What was replaced for one spec. */
const replaced: { mockRestore(): void }[] = [];

function restoreAll(): void {
  for (const one of replaced.splice(0)) one.mockRestore();
}

/** Sets the clock forward by this much. */
function advanceClock(ms: number): void {
  const now = performance.now.bind(performance);
  replaced.push(jest.spyOn(performance, 'now').mockImplementation(() => now() + ms));
}

/** The name of a row that several units lock. */
const ROW = 'the row';

describe.each(databaseKinds)('units of work on %s', (kind) => {
  const stage = stageUnits(kind);
  let units: UnitOfWork;

  beforeAll(() => {
    ({ units } = stage);
  });
  afterEach(restoreAll);

  it('that lock one row run one at a time, also after one that failed', async () => {
    const steps: string[] = [];
    const unit = (name: string, failure?: Error) =>
      units.runOneAtATime(ROW, async (tx) => {
        steps.push(`${name} begins`);
        await tx.read('SELECT 1 AS one', []);
        steps.push(`${name} ends`);
        if (failure) throw failure;
        return name;
      });
    const undone = new Error('undone');
    expect(await Promise.allSettled([unit('a'), unit('b', undone), unit('c')])).toEqual([
      { status: 'fulfilled', value: 'a' },
      { status: 'rejected', reason: undone },
      { status: 'fulfilled', value: 'c' },
    ]);
    const inTurn = ['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]);
    expect(steps).toEqual(inTurn);
  });

  it.each([
    [5000, 'runs'],
    [10_001, kind === 'sqlite' ? 'runs' : 'is refused'],
  ])('whose turn comes after %d ms: such a unit %s', async (waitedMs, outcome) => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const first = units.runOneAtATime(ROW, () => gate);
    let hasRun = false;
    const second = units.runOneAtATime(ROW, () => {
      hasRun = true;
      return 'done';
    });
    advanceClock(waitedMs);
    release();
    const [, settled] = await Promise.allSettled([first, second]);
    if (outcome === 'runs') expect(settled).toMatchObject({ value: 'done' });
    else expect(settled).toMatchObject({ reason: new DatabaseBusy() });
    expect(hasRun).toBe(outcome === 'runs');
    // Later units have a turn again.
    restoreAll();
    expect(await units.runOneAtATime(ROW, () => 'later')).toBe('later');
  });

  it('calls what waits for the commit once it is done, and not after a rollback', async () => {
    const called: string[] = [];
    await units.run((tx) => {
      tx.whenCommitted(() => called.push('kept'));
      tx.insertLater(User, user('kept'));
      expect(called).toEqual([]);
    });
    expect(called).toEqual(['kept']);
    const undone = units.run((tx) => {
      tx.whenCommitted(() => called.push('undone'));
      throw new Error('after all');
    });
    await expect(undone).rejects.toThrow('after all');
    expect(called).toEqual(['kept']);
  });

  it('counts what waits for the one writer, which is idle when all is on disk', async () => {
    const both = ['one', 'other'].map((id) =>
      units.run((tx) => {
        tx.insertLater(User, user(id));
      }),
    );
    expect(units.depth).toBe(kind === 'sqlite' ? 2 : 0);
    await units.idle();
    const seen = await stage.database.statements.rows('SELECT id FROM users', []);
    if (kind === 'sqlite') expect(seen).toHaveLength(2);
    await Promise.all(both);
    expect(units.depth).toBe(0);
  });

  it('are waited for before the database of one writer is closed', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const running = units.run(() => gate);
    let isIdle = false;
    const idle = units.idle().then(() => (isIdle = true));
    await stage.reader.read('SELECT 1 AS one', []);
    // PostgreSQL's pool waits for its connections itself.
    expect(isIdle).toBe(kind === 'postgres');
    release();
    await Promise.all([running, idle]);
  });
});

describe.each(postgres)('a unit of work that must wait, on %s', (kind) => {
  const stage = stageUnits(kind);
  let units: UnitOfWork;
  let runs: number;

  beforeAll(() => {
    ({ units } = stage);
  });
  afterEach(restoreAll);

  const names = async () => {
    const users = await stage.reader.repository(User).find();
    return users.map(({ id }) => id);
  };
  const save = () => {
    runs = 0;
    return units.run((tx) => {
      runs += 1;
      tx.insertLater(User, user(`run ${String(runs)}`));
    });
  };
  /** Makes the next attempts to get a connection fail. */
  const refuseConnections = (times: number) => {
    const transaction = jest.spyOn(stage.database, 'transaction');
    replaced.push(transaction);
    for (let n = 0; n < times; n += 1) transaction.mockRejectedValueOnce(new DatabaseBusy());
    return transaction;
  };

  it('waits for the one that runs on the same row, and leaves nothing in memory', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let isOver = false;
    const first = units.runOneAtATime(ROW, () => 'first');
    const second = units.runOneAtATime(ROW, async () => {
      await gate;
      isOver = true;
    });
    await first;
    const begun = jest.spyOn(stage.database, 'transaction');
    replaced.push(begun);
    const third = units.runOneAtATime(ROW, () => isOver);
    await stage.reader.read('SELECT 1 AS one', []);
    // Only the second one: the third one takes no connection yet.
    expect(begun).toHaveBeenCalledTimes(1);
    release();
    await second;
    expect(await third).toBe(true);
    expect(units['lastQueued'].size).toBe(0);
  });

  it('tries again while the server has no connection, and takes effect once', async () => {
    const transaction = refuseConnections(4);
    await save();
    expect(transaction).toHaveBeenCalledTimes(5);
    expect(await names()).toEqual(['run 1']);
  });

  it('fails after five attempts, and does nothing', async () => {
    const transaction = refuseConnections(5);
    await expect(save()).rejects.toBeInstanceOf(DatabaseBusy);
    expect([transaction.mock.calls.length, runs]).toEqual([5, 0]);
    expect(await names()).toEqual([]);
  });

  it('does not try again after a long wait for a connection', async () => {
    const transaction = jest.spyOn(stage.database, 'transaction').mockImplementation(() => {
      advanceClock(1001);
      return Promise.reject(new DatabaseBusy());
    });
    replaced.push(transaction);
    await expect(save()).rejects.toBeInstanceOf(DatabaseBusy);
    expect([transaction.mock.calls.length, runs]).toEqual([1, 0]);
  });

  it('does not try again if its own work found the database busy', async () => {
    let attempts = 0;
    const busy = units.run(() => {
      attempts += 1;
      throw new DatabaseBusy();
    });
    await expect(busy).rejects.toBeInstanceOf(DatabaseBusy);
    expect(attempts).toBe(1);
  });
});
