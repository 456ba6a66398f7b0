import { describe, expect, it } from '@jest/globals';
import { BatchedTransaction } from '../../src/database/transactions/batched-transaction.js';
import type { Tx } from '../../src/database/transactions/tx.js';
import { RedemptionCode } from '../../src/wallet/redemption-code.entity.js';
import { databaseKinds } from '../support/databases.js';
import { code } from '../support/rows.js';
import { stageUnits } from '../support/stages.js';

const NEVER_ABORTED = new AbortController().signal;
const COUNT = 60;
const names = Array.from({ length: COUNT }, (_, n) => `unit ${String(n)}`);
/** Every second unit fails after a change. */
const isBad = (name: string) => Number(name.slice('unit '.length)) % 2 === 1;
const outcomes = names.map((name) => (isBad(name) ? 'rejected' : 'fulfilled'));

describe.each(databaseKinds)(
  'units of work beside others that fail after a change, on %s',
  (kind) => {
    const stage = stageUnits(kind);
    const sharesCommit = kind === 'sqlite';

    /** Saves what the units change: a code each, and one that they all change. */
    const saveCodes = () =>
      stage.units.run((tx) => {
        for (const id of [...names, 'later', 'last', 'all'])
          tx.insertLater(RedemptionCode, code(id));
      });
    const change = (tx: Tx, id: string) =>
      tx.write(
        '/* spec */ UPDATE redemption_codes SET redeemed_at = 1 WHERE id = $1 RETURNING id',
        [id],
      );
    const redeemed = async () => {
      const sql = 'SELECT id FROM redemption_codes WHERE redeemed_at IS NOT NULL';
      const rows = await stage.reader.read<{ id: string }>(sql, []);
      return rows.map(({ id }) => id).toSorted();
    };
    const good = names.filter((name) => !isBad(name));

    it('run twice at most, and later ones once', async () => {
      await saveCodes();
      const runs: string[] = [];
      const unit = (name: string) =>
        stage.units.run(async (tx) => {
          runs.push(name);
          await change(tx, name);
          if (isBad(name)) throw new Error('after a change');
        });
      const settled = await Promise.allSettled(names.map(unit));
      expect(settled.map(({ status }) => status)).toEqual(outcomes);
      // On SQLite the first failure ends the shared run, so the two units before it run twice.
      const repeated = sharesCommit ? names.slice(0, 2) : [];
      expect(runs.toSorted()).toEqual([...repeated, ...names].toSorted());
      expect(await redeemed()).toEqual(good.toSorted());
      runs.length = 0;
      await unit('later');
      expect(runs).toEqual(['later']);
    });

    it('run four times at most if they share their first statement too, and later ones once', async () => {
      await saveCodes();
      const runs: string[] = [];
      const batches = new BatchedTransaction<string, string>(stage.units, {
        lockedRow: (name) => name,
        single: async (tx, name) => {
          await change(tx, name);
          return name;
        },
        batch: async (tx, inputs) => {
          await change(tx, 'all');
          return [...inputs];
        },
      });
      const add = (name: string) =>
        batches.add(name, NEVER_ABORTED, () => {
          runs.push(name);
          if (isBad(name)) throw new Error('after a change');
        });
      const settled = await Promise.allSettled(names.map(add));
      expect(settled.map(({ status }) => status)).toEqual(outcomes);
      const counts = names.map((name) => runs.filter((run) => run === name).length);
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...counts)).toBeLessThanOrEqual(4);
      expect(await redeemed()).toEqual(good.toSorted());
      runs.length = 0;
      await Promise.all([add('later'), add('last')]);
      expect(runs).toEqual(['later', 'last']);
    });
  },
);
