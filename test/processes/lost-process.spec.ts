import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { discrepancies, createCodes, promote } from '../support/discrepancies.js';
import type { Answer, Caller } from '../support/client.js';
import { Customer } from '../support/customer.js';
import { databaseKinds } from '../support/databases.js';
import { byEffort } from '../support/effort.js';
import { itAtFullEffort } from '../support/full-effort.js';
import { withSeededRandom } from '../support/seeded-random.js';
import { Fleet, type Member } from '../support/fleet.js';

const postgres = databaseKinds.filter((kind) => kind === 'postgres');
/** Enough tokens for all chats of a case. */
const PRICES = { openingGrant: 1_000_000, price: 100 };
const ORPHANS_TIMEOUT_MS = 30_000;
const CASE_TIMEOUT_MS = 300_000;
/** Number of processes that go on. */
const OTHERS = byEffort({ light: 1, full: 2 });
const FREEZE_MS = 50;
const FREEZES_MAX = 500;
const ANSWER_EXPIRED = {
  detail: 'The answer took too long. Nothing was charged.',
  code: 'unavailable',
};

interface FrozenHold {
  readonly id: string;
  readonly username: string;
}

describe.each(postgres)('a process on %s that halts with answers under way', (kind) => {
  let fleet: Fleet;
  let frozenMember: Member;
  let others: Member[];

  beforeEach(async () => {
    fleet = await Fleet.on(kind, { OPENING_GRANT: String(PRICES.openingGrant) });
    frozenMember = await fleet.start();
    others = await Promise.all(Array.from({ length: OTHERS }, () => fleet.start()));
  });
  afterEach(() => fleet.close());

  const count = (table: string, where: string, parameters: unknown[] = []) =>
    fleet.inspect((database) => database.count(table, where, parameters));

  const assertBalanced = () =>
    fleet.inspect(async (database) => {
      expect(await database.unbalancedWallets()).toEqual([]);
      expect(await database.differences()).toEqual([]);
    });

  /**
   * Halts the process while it has open holds that it has not begun to settle, and returns these holds. A machine
   * that swaps, or a debugger, does the same.
   */
  const freezeWithHolds = async (lease: number): Promise<FrozenHold[]> => {
    for (let tries = 0; tries < FREEZES_MAX; tries += 1) {
      frozenMember.service.kill('SIGSTOP');
      await sleep(FREEZE_MS);
      const frozen = await fleet.inspect((database) =>
        database.rows<FrozenHold>(
          `SELECT h.id, u.username FROM holds h JOIN users u ON u.id = h.owner_id
           WHERE h.state = 'open' AND h.process_id = $1 FOR UPDATE OF h SKIP LOCKED`,
          [lease],
        ),
      );
      if (frozen.length > 0) return frozen;
      frozenMember.service.kill('SIGCONT');
      await sleep(FREEZE_MS);
    }
    throw new Error('never seen with a hold open');
  };

  /** Returns the id under which the process makes its holds. */
  const leaseOfHalting = async (): Promise<number> => {
    const eve = await fleet.newUser(frozenMember);
    // With a key the chat makes a hold, which contains the id of its process.
    await eve.chat('who serves me?', { 'Idempotency-Key': 'whose' });
    const [hold] = await fleet.inspect((database) =>
      database.rows<{ lease: number }>(
        `SELECT process_id AS lease FROM holds h JOIN users u ON u.id = h.owner_id WHERE u.username = $1`,
        [eve.username],
      ),
    );
    return hold?.lease ?? 0;
  };

  const untilResolved = async (frozen: readonly FrozenHold[]): Promise<void> => {
    const deadline = Date.now() + ORPHANS_TIMEOUT_MS;
    const open = () =>
      fleet.inspect(async (database) => {
        const rows = await database.rows<{ id: string }>(
          `SELECT id FROM holds WHERE state = 'open'`,
        );
        return rows.filter(({ id }) => frozen.some((hold) => hold.id === id));
      });
    while ((await open()).length > 0 && Date.now() < deadline) await sleep(100);
    expect(await open()).toEqual([]);
  };

  const assertExpired = async (frozen: readonly FrozenHold[]): Promise<void> => {
    for (const { id } of frozen) {
      expect(await count('holds', `id = $1 AND state = 'expired'`, [id])).toBe(1);
      expect(await count('turns', 'hold_id = $1', [id])).toBe(0);
      expect(await count('ledger_entries', 'hold_id = $1', [id])).toBe(0);
    }
  };

  itAtFullEffort(
    'charges nothing for an answer that ends after another process expired its hold',
    async () => {
      const lease = await leaseOfHalting();
      const callers = await Promise.all(
        Array.from({ length: 8 }, () => fleet.newUser(frozenMember)),
      );
      let isOver = false;
      const lastAnswer = async (caller: Caller): Promise<Answer> => {
        // With a key the chat makes a hold first, so the process can be halted before the answer.
        const answer = await caller.chat('and another', { 'Idempotency-Key': randomUUID() });
        return isOver ? answer : lastAnswer(caller);
      };
      const last = new Map(callers.map((caller) => [caller.username, lastAnswer(caller)]));
      const frozen = await freezeWithHolds(lease);
      isOver = true;
      for (const { id } of frozen) {
        const sql = 'UPDATE holds SET expires_at = 0 WHERE id = $1';
        await fleet.inspect((database) => database.rows(sql, [id]));
      }
      await untilResolved(frozen);
      frozenMember.service.kill('SIGCONT');
      for (const { username } of frozen) {
        const { status, body } = (await last.get(username)) ?? {};
        expect([status, body]).toEqual([503, ANSWER_EXPIRED]);
      }
      await Promise.all(last.values());
      await assertExpired(frozen);
      await assertBalanced();
    },
    CASE_TIMEOUT_MS,
  );

  it(
    'finishes what a killed process left: nothing held, lost or charged twice',
    withSeededRandom(async (random) => {
      const lease = await leaseOfHalting();
      const everyone = [frozenMember, ...others].flatMap((at) =>
        Array.from({ length: 3 }, () => fleet.newUser(at)),
      );
      const codes = await fleet.inspect((database) => createCodes(database, 60, 1000));
      const callers = await Promise.all(everyone);
      await fleet.inspect(promote);
      const customers = callers.map((caller) => new Customer(caller, random, codes));
      let isOver = false;
      const hand = async (customer: Customer): Promise<void> => {
        while (!isOver) {
          const reached = await customer.act();
          if (!reached)
            customer.caller = fleet.callerOn(random.pick(others) ?? frozenMember, customer.caller);
        }
      };
      const hands = customers.flatMap((customer) => [hand(customer), hand(customer)]);
      const frozen = await freezeWithHolds(lease);
      frozenMember.service.kill('SIGKILL');
      await untilResolved(frozen);
      isOver = true;
      await Promise.all(hands);
      await Promise.all(customers.map((customer) => customer.settle()));
      await assertExpired(frozen);
      expect(await count('holds', `state = 'open'`)).toBe(0);
      const faults = await fleet.inspect((database) => discrepancies(database, customers, PRICES));
      expect(faults).toEqual([]);
      await assertBalanced();
    }),
    CASE_TIMEOUT_MS,
  );
});
