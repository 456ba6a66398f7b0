import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { discrepancies, createCodes, promote } from '../support/discrepancies.js';
import { Customer } from '../support/customer.js';
import { createDatabase, type DatabaseKind, type Inspector } from '../support/databases.js';
import { describeOn } from '../support/describe-on.js';
import { withSeededRandom, type SeededRandom } from '../support/seeded-random.js';
import { byEffort } from '../support/effort.js';
import { itAtFullEffort, itLightOnSqlite } from '../support/full-effort.js';
import { Fleet, type Member } from '../support/fleet.js';
import { HalfSentRequest } from '../support/half-sent-request.js';

const PRICES = { openingGrant: 30_000, price: 100 };
const CUSTOMERS = 8;
/** Number of requests that each customer runs at once. */
const CLIENTS_PER_CUSTOMER = 4;
const KILLS = byEffort({ light: 1, full: 25 });
const STOPS = 3;
const EARLY_KILLS = 4;
const CODES = 150;
const CODE_AMOUNT = 1000;
/** About the duration of a first start with all migrations. The kills come at random times of it. */
const FIRST_START_MS = 2000;
const CASE_TIMEOUT_MS = 900_000;
const ORPHANS_TIMEOUT_MS = 30_000;
/** On a slow machine the answers may be too few to trigger the kill. It then happens after this time. */
const ROUND_MAX_MS = 2000;

const durationMs = async (work: () => Promise<unknown>): Promise<number> => {
  const before = performance.now();
  await work();
  return performance.now() - before;
};

const underLoad = (kind: DatabaseKind): void => {
  const itOnSqlite = itLightOnSqlite(kind);
  let fleet: Fleet;
  let member: Member;
  let customers: Customer[];
  let startMs: number;

  beforeEach(async () => {
    fleet = await Fleet.on(kind, { OPENING_GRANT: String(PRICES.openingGrant) });
    startMs = await durationMs(async () => (member = await fleet.start()));
  }, CASE_TIMEOUT_MS);
  afterEach(() => fleet.close(), CASE_TIMEOUT_MS);

  const open = async (random: SeededRandom): Promise<void> => {
    const codes = await fleet.inspect((database) => createCodes(database, CODES, CODE_AMOUNT));
    const callers = await Promise.all(
      Array.from({ length: CUSTOMERS }, () => fleet.newUser(member)),
    );
    await fleet.inspect(promote);
    customers = callers.map((caller) => new Customer(caller, random, codes));
    // In random actions a whole run may have no grant, and `assertSettled` would have nothing to check.
    await Promise.all(customers.map((customer) => customer.actOnce()));
  };

  /** Lets all customers act until the service is interrupted. Then waits until all of them have noticed. */
  const interruptUnderLoad = async (random: SeededRandom, interrupt: () => void): Promise<void> => {
    let actionCount = 0;
    const runClient = async (customer: Customer) => {
      while (await customer.act()) actionCount += 1;
    };
    const hands = customers.flatMap((customer) =>
      Array.from({ length: CLIENTS_PER_CUSTOMER }, () => runClient(customer)),
    );
    const actsMax = random.below(200);
    const until = Date.now() + ROUND_MAX_MS;
    while (actionCount < actsMax && Date.now() < until) await sleep(1);
    await sleep(random.below(20));
    interrupt();
    await Promise.all(hands);
  };

  /** Starts the next process. In some cases, an earlier start is killed before it serves or soon afterwards. */
  const restart = async (random: SeededRandom): Promise<void> => {
    if (random.chance(0.2)) {
      const stoppedMember = await fleet.launch();
      await sleep(random.below(startMs));
      stoppedMember.kill('SIGKILL');
      await stoppedMember.ended;
    }
    member = await fleet.start();
    for (const customer of customers) customer.caller = fleet.callerOn(member, customer.caller);
  };

  /** On SQLite there is no wait: a process resolves old holds before it serves. */
  const untilNothingIsHeld = async (database: Inspector): Promise<void> => {
    const deadline = Date.now() + (kind === 'sqlite' ? 0 : ORPHANS_TIMEOUT_MS);
    const held = () => database.count('holds', `state = 'open'`);
    while ((await held()) > 0 && Date.now() < deadline) await sleep(50);
    expect(await held()).toBe(0);
  };

  const assertConsistent = () =>
    fleet.inspect(async (database) => {
      await untilNothingIsHeld(database);
      expect(await database.unbalancedWallets()).toEqual([]);
      expect(await discrepancies(database, customers, PRICES)).toEqual([]);
    });

  /** Waits until every retry has ended, and checks that history, balance and ledger agree. */
  const assertSettled = async (): Promise<void> => {
    await Promise.all(customers.map((customer) => customer.settle()));
    await assertConsistent();
    for (const customer of customers) {
      const answered = [...customer.sent.values()].filter(({ turnId }) => turnId !== undefined);
      const history = await customer.caller.wholeHistory();
      const ids = new Set(history.map(({ id }) => id));
      expect(answered.filter(({ turnId }) => !ids.has(turnId ?? ''))).toEqual([]);
      expect(ids.size).toBe(history.length);
    }
    await fleet.inspect(async (database) => {
      expect(await database.differences()).toEqual([]);
      // Without these rows the case would prove nothing.
      expect(await database.count('holds', `state = 'captured'`)).toBeGreaterThan(0);
      const redeemed = await database.count('redemption_codes', 'redeemed_by IS NOT NULL');
      const granted = await database.count('ledger_entries', `claim_route = 'grant'`);
      expect([redeemed > 0, granted > 0]).toEqual([true, true]);
    });
  };

  it(
    `loses no answer, charges none twice and leaves nothing held, killed ${String(KILLS)} times`,
    withSeededRandom(async (random) => {
      await open(random);
      const expired = () =>
        fleet.inspect((database) => database.count('holds', `state = 'expired'`));
      // A process may be killed while it has no holds. Then there is one more kill.
      for (let kills = 0; kills < KILLS || (await expired()) === 0; kills += 1) {
        await interruptUnderLoad(random, () => {
          member.service.kill('SIGKILL');
        });
        expect(await member.service.ended).toEqual({ code: null, signal: 'SIGKILL' });
        await restart(random);
        await assertConsistent();
      }
      await assertSettled();
    }),
    CASE_TIMEOUT_MS,
  );

  itAtFullEffort(
    'finishes what is under way and ends with 0 on SIGTERM, and leaves nothing held',
    withSeededRandom(async (random) => {
      await open(random);
      for (let stops = 0; stops < STOPS; stops += 1) {
        await interruptUnderLoad(random, () => {
          member.service.kill('SIGTERM');
        });
        expect(await member.service.ended).toEqual({ code: 0, signal: null });
        await fleet.inspect(async (database) => {
          expect(await database.count('holds', `state = 'open'`)).toBe(0);
        });
        await assertConsistent();
        await restart(random);
      }
      await assertSettled();
      await fleet.inspect(async (database) => {
        expect(await database.count('holds', `state = 'expired'`)).toBe(0);
      });
    }),
    CASE_TIMEOUT_MS,
  );

  itOnSqlite(
    'answers every chat whose headers it has read at SIGTERM, and no new one',
    async () => {
      const ada = await fleet.newUser(member);
      const target = `${member.http.url}/api/chat/`;
      const halves = Array.from({ length: 12 }, (_, n) => {
        const key: Record<string, string> = n % 2 ? { 'Idempotency-Key': `key-${String(n)}` } : {};
        const headers = { Authorization: `Token ${ada.token}`, ...key };
        return new HalfSentRequest(target, { message: `half ${String(n)}` }, headers);
      });
      await Promise.all(halves.map((half) => half.begin()));
      member.service.kill('SIGTERM');
      await member.service.sees(/"stopping"/);
      expect((await ada.chat('too late')).status).toBe(503);
      await Promise.all(halves.map((half) => half.finish()));
      const answers = await Promise.all(halves.map(({ answer }) => answer));
      expect(answers.map(({ statusCode }) => statusCode)).toEqual(halves.map(() => 200));
      for (const answer of answers) answer.resume();
      expect(await member.service.ended).toEqual({ code: 0, signal: null });
      await fleet.inspect(async (database) => {
        expect(await database.count('turns')).toBe(12);
        expect(await database.count('ledger_entries', `kind = 'charge'`)).toBe(12);
        expect(await database.count('holds', `state <> 'captured'`)).toBe(0);
        expect(await database.unbalancedWallets()).toEqual([]);
      });
    },
    CASE_TIMEOUT_MS,
  );
};

const firstStarts = (kind: DatabaseKind): void => {
  let fleet: Fleet;

  beforeEach(async () => {
    fleet = await Fleet.on(kind, {}, createDatabase);
  }, CASE_TIMEOUT_MS);
  afterEach(() => fleet.close(), CASE_TIMEOUT_MS);

  itAtFullEffort(
    'is migrated in the end even if the first processes are killed',
    withSeededRandom(async (random) => {
      for (let kills = 0; kills < EARLY_KILLS; kills += 1) {
        const stoppedMember = await fleet.launch();
        await sleep(FIRST_START_MS / 4 + random.below(FIRST_START_MS));
        stoppedMember.kill('SIGKILL');
        await stoppedMember.ended;
      }
      const ada = await fleet.newUser(await fleet.start());
      expect((await ada.chat('at last')).status).toBe(200);
      expect(await fleet.inspect((database) => database.differences())).toEqual([]);
    }),
    CASE_TIMEOUT_MS,
  );
};

/** The cases of `crash` on one database. */
export function crashSuite(kind: DatabaseKind): void {
  describeOn(kind, 'Tallychat under load', underLoad);
  describeOn(kind, 'The first migration', firstStarts);
}
