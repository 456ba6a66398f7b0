import { ATTACKERS, FLOODS, type Attacker } from './attackers.js';
import { balance, chat } from './cases.js';
import type { Databases } from './database.js';
import { drive, type Measured } from './driver.js';
import { addSearchers, payers } from './people.js';
import type { Plan } from './rounds.js';
import { waitUntilIdle } from './rounds.js';
import { ServerProcess } from './server-process.js';
import { filledDatabase, withServer, type Section } from './stage.js';
import { fixed, median, toTable, whole } from './table.js';

/** Number of watched users that read their balance, and of watched users that chat. */
const WATCHED_CLIENTS = 4;
/** How long the attack runs before the measurement starts. */
const ATTACK_LEAD_MS = 500;

const HEADING = 'beside,balances/s,p50 ms,p99 ms,chats/s,p50 ms,p99 ms,errors,server MiB'.split(
  ',',
);

const NO_ATTACKER: Attacker = { name: 'nobody', attack: () => Promise.resolve() };

interface AttackRun {
  readonly beside: string;
  readonly balances: Measured;
  readonly chats: Measured;
  readonly bytes: number;
}

/** Measures the balances and chats of some users during an attack. */
async function measureDuring(
  service: ServerProcess,
  { name, attack }: Attacker,
  seconds: number,
): Promise<AttackRun> {
  const attacking = attack(service.url, seconds + 1);
  await new Promise((resolve) => setTimeout(resolve, ATTACK_LEAD_MS));
  const load = { connections: WATCHED_CLIENTS, seconds };
  const [balances, chats] = await Promise.all([
    drive(service.url, payers.map(balance), load),
    drive(
      service.url,
      payers.map((person) => chat(person)),
      load,
    ),
  ]);
  const bytes = await service.residentBytes();
  await attacking;
  await waitUntilIdle(service.url);
  return { beside: name, balances, chats, bytes };
}

function toRow(name: string, runs: readonly AttackRun[]): string[] {
  const of = (who: 'balances' | 'chats') => {
    const measured = runs.map((run) => run[who]);
    return [
      whole(median(measured.map(({ answers, seconds }) => answers / seconds))),
      fixed(median(measured.map(({ p50 }) => p50)), 1),
      fixed(median(measured.map(({ p99 }) => p99)), 1),
    ];
  };
  const errors = runs.flatMap(({ balances, chats }) => [balances, chats]);
  const sum = errors.reduce((total, { refused, broken }) => total + refused + broken, 0);
  const bytes = Math.max(...runs.map((one) => one.bytes));
  return [name, ...of('balances'), ...of('chats'), String(sum), whole(bytes / 2 ** 20)];
}

/**
 * Measures each attacker against a service with the attacker's settings, on one database: without and with the
 * attack, in turn.
 */
async function measureUnderAttack(
  databases: Databases,
  { rounds, seconds }: Plan,
  { title, attackers }: { readonly title: string; readonly attackers: readonly Attacker[] },
): Promise<Section> {
  const url = await filledDatabase(databases);
  await addSearchers(url);
  const figures: AttackRun[] = [];
  for (const attacker of attackers) {
    await withServer(
      ServerProcess.service(url, { settings: attacker.settings ?? {} }),
      async (service) => {
        await measureDuring(service, NO_ATTACKER, 1);
        for (let round = 1; round <= rounds; round += 1) {
          figures.push(await measureDuring(service, NO_ATTACKER, seconds));
          figures.push(await measureDuring(service, attacker, seconds));
        }
      },
    );
  }
  const names = [...new Set(figures.map(({ beside }) => beside))];
  const rows = names.map((name) =>
    toRow(
      name,
      figures.filter(({ beside }) => beside === name),
    ),
  );
  return { title, table: toTable(HEADING, rows), figures };
}

/** Measures the service for other users during each attack. */
export const measureHostile = (databases: Databases, plan: Plan): Promise<Section> =>
  measureUnderAttack(databases, plan, { title: 'hostile: beside attackers', attackers: ATTACKERS });

/** Measures the service for other users beside a thousand clients that never pause, with rate limits and without. */
export const measureFloods = (databases: Databases, plan: Plan): Promise<Section> =>
  measureUnderAttack(databases, plan, {
    title: 'floods: beside a thousand clients',
    attackers: FLOODS,
  });
