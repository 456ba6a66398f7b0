import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Answer } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { byEffort } from '../support/effort.js';
import { Fleet, type Member } from '../support/fleet.js';
import { BEHIND_PROXY, from } from '../support/networks.js';

const SPEND = 12;
const READ = 60;
const REGISTER = 6;
const LOGIN = 15;
const TIMES = byEffort({ light: 4, full: 10 });

const postgres = databaseKinds.filter((kind) => kind === 'postgres');
const counted = (answers: readonly Answer[], status: number) =>
  answers.filter((answer) => answer.status === status).length;

describe.each(postgres)('limits over three processes on one %s', (kind) => {
  let fleet: Fleet;
  let members: Member[];

  beforeAll(async () => {
    fleet = await Fleet.on(kind, {
      ...BEHIND_PROXY,
      RATE_LIMIT_SPEND: `${String(SPEND)}/m`,
      RATE_LIMIT_READ: `${String(READ)}/m`,
      RATE_LIMIT_REGISTER: `${String(REGISTER)}/h`,
      RATE_LIMIT_LOGIN: `${String(LOGIN)}/m`,
    });
    members = await Promise.all([fleet.start(), fleet.start(), fleet.start()]);
  });
  afterAll(() => fleet.close());

  /** Sends a multiple of the limit at once, in turn to each process. */
  const storm = (limit: number, ask: (member: Member, n: number) => Promise<Answer>) =>
    Promise.all(Array.from({ length: limit * TIMES }, (_, n) => ask(members[n % 3] as Member, n)));
  const post = ({ http }: Member, path: string, body: object, address: string) =>
    http.send({
      method: 'POST',
      path,
      headers: { 'Content-Type': 'application/json', ...from(address) },
      body: JSON.stringify(body),
    });

  it('allow exactly the count of spending requests, and charge no more', async () => {
    const ada = await fleet.newUser(members[0] as Member);
    const answers = await storm(SPEND, (member, n) => fleet.callerOn(member, ada).chat(String(n)));
    expect([counted(answers, 200), counted(answers, 429)]).toEqual([SPEND, SPEND * (TIMES - 1)]);
    expect(await ada.balance()).toBe(4000 - SPEND * 100);
    const entries = await fleet.inspect((database) =>
      database.count('ledger_entries', `kind = 'charge'`),
    );
    expect(entries).toBe(SPEND);
  });

  it('allow exactly the count of registrations and logins', async () => {
    const registered = await storm(REGISTER, (member, n) =>
      post(
        member,
        '/api/register/',
        { username: `r${String(n)}`, password: 'Str0ng-pass-1' },
        '192.0.2.1',
      ),
    );
    expect([counted(registered, 201), counted(registered, 429)]).toEqual([
      REGISTER,
      REGISTER * (TIMES - 1),
    ]);
    const tried = await storm(LOGIN, (member, n) =>
      post(
        member,
        '/api/login/',
        { username: `nobody${String(n)}`, password: 'wrong' },
        '192.0.2.2',
      ),
    );
    expect([counted(tried, 400), counted(tried, 429)]).toEqual([LOGIN, LOGIN * (TIMES - 1)]);
  });

  it('allow at most the count of reads, and only a few less', async () => {
    const bob = await fleet.newUser(members[0] as Member);
    const answers = await storm(READ, (member) =>
      fleet.callerOn(member, bob).get('/api/token-balance/'),
    );
    const passed = counted(answers, 200);
    expect(passed).toBeLessThanOrEqual(READ);
    expect(passed).toBeGreaterThan(READ / 2);
    expect(passed + counted(answers, 429)).toBe(READ * TIMES);
  });
});
