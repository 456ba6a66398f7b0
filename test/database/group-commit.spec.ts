import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Repository } from 'typeorm';
import type { Database } from '../../src/database/data-source.js';
import { GroupCommit } from '../../src/database/transactions/group-commit.js';
import type { Tx } from '../../src/database/transactions/tx.js';
import { RedemptionCode } from '../../src/wallet/redemption-code.entity.js';
import { Inspector } from '../support/databases.js';
import { openMigrated, type Migrated } from '../support/migrated.js';
import { code } from '../support/rows.js';

const UNIT_TIMEOUT_MS = 200;

describe('the units that share a commit on SQLite', () => {
  let owned: Migrated;
  let database: Database;
  let turns: GroupCommit;

  beforeEach(async () => {
    owned = await openMigrated('sqlite', 2);
    database = owned.database;
    turns = new GroupCommit(database, UNIT_TIMEOUT_MS);
  });
  afterEach(async () => {
    await turns.idle();
    await owned.drop();
  });

  const stored = async () => {
    const rows = await database.statements.rows<{ id: string }>(
      'SELECT id FROM redemption_codes ORDER BY id',
      [],
    );
    return rows.map(({ id }) => id);
  };
  const spend = (tx: Tx, id: string) =>
    tx.write('/* spec */ UPDATE redemption_codes SET redeemed_at = 1 WHERE id = $1 RETURNING id', [
      id,
    ]);

  it('are all committed if none fails', async () => {
    const ids = Array.from({ length: 200 }, (_, n) => `code ${String(1000 + n)}`);
    await Promise.all(
      ids.map((id) =>
        turns.add((tx) => {
          tx.insertLater(RedemptionCode, code(id));
        }),
      ),
    );
    expect(await stored()).toEqual(ids);
  });

  it('see rows that an earlier unit has inserted but not yet written', async () => {
    const [, found] = await Promise.all([
      turns.add((tx) => {
        tx.insertLater(RedemptionCode, code('a'));
      }),
      turns.add((tx) => spend(tx, 'a')),
    ]);
    expect(found).toEqual([{ id: 'a' }]);
    expect(await stored()).toEqual(['a']);
  });

  it('are rolled back alone: for a refused row, and for an error before or after writing', async () => {
    await turns.add((tx) => {
      tx.insertLater(RedemptionCode, code('taken'));
    });
    const outcomes = await Promise.allSettled([
      turns.add((tx) => {
        tx.insertLater(RedemptionCode, code('before'));
      }),
      turns.add((tx) => {
        tx.insertLater(RedemptionCode, code('taken'));
      }),
      turns.add((tx) => {
        tx.insertLater(RedemptionCode, code('thrown away'));
        throw new Error('before writing');
      }),
      turns.add(async (tx) => {
        await spend(tx, 'taken');
        throw new Error('after writing');
      }),
      turns.add((tx) => {
        tx.insertLater(RedemptionCode, code('after'));
      }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(await stored()).toEqual(['after', 'before', 'taken']);
    const spent = 'SELECT id FROM redemption_codes WHERE redeemed_at IS NOT NULL';
    expect(await database.statements.rows(spent, [])).toEqual([]);
  });

  it('do not wait forever for a unit that waits for another unit', async () => {
    let afterwards: unknown;
    const nested = turns.add(async (tx) => {
      await turns.add((inner) => {
        inner.insertLater(RedemptionCode, code('inner'));
      });
      afterwards = await spend(tx, 'inner').catch((error: unknown) => error);
    });
    await expect(nested).rejects.toThrow('waits for something other than the database');
    await turns.add((tx) => {
      tx.insertLater(RedemptionCode, code('next'));
    });
    await sleep(UNIT_TIMEOUT_MS);
    expect(afterwards).toEqual(new Error('the unit of work is over'));
    expect(await stored()).toEqual(['inner', 'next']);
  });

  it('all fail if one of them has ended the transaction, and later units do not', async () => {
    await turns.add((tx) => {
      tx.insertLater(RedemptionCode, code('before'));
    });
    const change = '/* spec */ UPDATE redemption_codes SET amount = 2 RETURNING id';
    const outcomes = await Promise.allSettled([
      turns.add(async (tx) => {
        await tx.write(change, []);
        throw new Error('undone');
      }),
      turns.add((tx) => tx.write('/* spec */ ROLLBACK', [])),
      turns.add((tx) => {
        tx.insertLater(RedemptionCode, code('lost'));
      }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await stored()).toEqual(['before']);
    await turns.add((tx) => {
      tx.insertLater(RedemptionCode, code('kept'));
    });
    expect(await stored()).toEqual(['before', 'kept']);
  });

  it('are limited to ten thousand waiting units; only further ones are refused', async () => {
    let done = 0;
    const count = () => {
      done += 1;
    };
    const waiting = Array.from({ length: 10_000 }, () => turns.add(count));
    expect(turns.depth).toBe(10_000);
    const refused = expect(turns.add(count)).rejects.toMatchObject({
      message: 'Too many requests are waiting.',
    });
    await Promise.all([...waiting, refused]);
    expect(done).toBe(10_000);
  });

  it('may wait for the database for a long time, and are then complete', async () => {
    await turns.add((tx) => {
      tx.insertLater(RedemptionCode, code('slow'));
    });
    const slow = `/* spec */ UPDATE redemption_codes SET redeemed_at = (
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2) SELECT max(i) FROM n
    ) WHERE id = $1 RETURNING id`;
    let [rows, took] = [1_000_000, 0];
    // A fast machine counts further before the unit takes too long.
    for (; took <= UNIT_TIMEOUT_MS; rows *= 2) {
      const startedAt = performance.now();
      await turns.add(async (tx) => {
        await tx.write(slow, ['slow', rows]);
        tx.insertLater(RedemptionCode, code(`with ${String(rows)}`));
      });
      took = performance.now() - startedAt;
    }
    expect(await stored()).toContain(`with ${String(rows / 2)}`);
    const spent = `SELECT id FROM redemption_codes WHERE redeemed_at = ${String(rows / 2)}`;
    expect(await database.statements.rows(spent, [])).toEqual([{ id: 'slow' }]);
  });

  it('lose nothing if one unit catches the error of another unit’s row', async () => {
    await turns.add((tx) => {
      tx.insertLater(RedemptionCode, code('taken'));
    });
    const outcomes = await Promise.allSettled([
      turns.add((tx) => {
        tx.insertLater(RedemptionCode, code('neighbour'));
      }),
      turns.add((tx) => {
        tx.insertLater(RedemptionCode, code('taken'));
      }),
      turns.add(async (tx) => {
        await spend(tx, 'taken').catch(() => undefined);
      }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await stored()).toEqual(['neighbour', 'taken']);
  });

  it('recovers by itself when the disk was full, and SQLite rolled the transaction back', async () => {
    const [size] = await database.query<{ page_count: number }[]>('PRAGMA page_count');
    const big = (id: string) =>
      turns.add(async (tx) => {
        const codes = await tx.repository(RedemptionCode);
        await codes.insert(Object.assign(code(id), { reason: 'x'.repeat(200_000) }));
      });
    await database.query(`PRAGMA max_page_count = ${String(size?.page_count)}`);
    const outcomes = await Promise.allSettled([
      big('a'),
      turns.add((tx) => spend(tx, 'a')),
      big('b'),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await stored()).toEqual([]);
    await database.query('PRAGMA max_page_count = 1000000');
    await Promise.all([big('c'), big('d')]);
    expect(await stored()).toEqual(['c', 'd']);
    // The rows are committed, not only in a savepoint: another connection sees them.
    const other = await Inspector.open(owned.url);
    expect(await other.rows('SELECT id FROM redemption_codes ORDER BY id')).toHaveLength(2);
    await other.close();
  });

  it('gives TypeORM repositories that see earlier rows, nest, and end with their unit', async () => {
    let later: Repository<RedemptionCode> | undefined;
    const [first, second] = await Promise.allSettled([
      turns.add(async (tx) => {
        tx.insertLater(RedemptionCode, code('a'));
        const codes = await tx.repository(RedemptionCode);
        later = codes;
        await codes.save(Object.assign(code('b'), { amount: 7 }));
        return codes.countBy({});
      }),
      turns.add(async (tx) => {
        const codes = await tx.repository(RedemptionCode);
        await codes.update({ id: 'a' }, { amount: 9 });
        throw new Error('undone');
      }),
    ]);
    expect(first).toMatchObject({ value: 2 });
    expect(second).toMatchObject({ reason: new Error('undone') });
    expect(await stored()).toEqual(['a', 'b']);
    const amounts = 'SELECT amount FROM redemption_codes ORDER BY id';
    expect(await database.statements.rows(amounts, [])).toEqual([{ amount: 1 }, { amount: 7 }]);
    await expect(later?.insert(code('late'))).rejects.toThrow('the unit of work is over');
    expect(await stored()).toEqual(['a', 'b']);
  });
});
