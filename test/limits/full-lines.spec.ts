import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import type { Answer } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { itLightOnSqlite } from '../support/full-effort.js';
import { HashGate } from '../support/hash-gate.js';
import { HashProbe } from '../support/hash-probe.js';
import { BEHIND_PROXY, from } from '../support/networks.js';

const KNOWN_ADDRESS = '198.51.100.1';
const unknownAddress = (n: number) => `203.0.113.${String(n)}`;
const counted = (answers: readonly Answer[], status: number) =>
  answers.filter((answer) => answer.status === status).length;

describe.each(databaseKinds)('logins while a line of strangers is full, on %s', (kind) => {
  let busy: TestApp;
  let hashes: HashProbe;
  const itOnSqlite = itLightOnSqlite(kind);
  const send = (username: string, address: string, password: string) =>
    busy.post('/api/login/', { username, password }, from(address));

  beforeAll(async () => {
    busy = await TestApp.start(kind, { ...BEHIND_PROXY, HASH_QUEUE_MAX: '2' });
    hashes = new HashProbe();
    const resident = { username: 'resident', password: PASSWORD };
    await busy.post('/api/register/', resident, from(KNOWN_ADDRESS));
  });
  afterAll(async () => {
    hashes.stop();
    await busy.close();
  });

  it('of new networks are refused without a hash, and accepted at the second try; the owner at home is accepted', async () => {
    const gate = new HashGate(busy.nest, 'new');
    const waiting = [1, 2].map((n) => send('resident', unknownAddress(n), 'wrong'));
    await gate.untilWaiting(2);
    const begun = await hashes.during(async () => {
      expect((await send('resident', unknownAddress(10), 'wrong')).status).toBe(503);
      expect((await send('nobody', unknownAddress(11), 'wrong')).status).toBe(503);
    });
    expect(begun).toBe(0);
    expect((await send('resident', KNOWN_ADDRESS, PASSWORD)).status).toBe(200);
    expect((await send('resident', KNOWN_ADDRESS, 'wrong')).status).toBe(400);
    expect((await send('resident', unknownAddress(10), PASSWORD)).status).toBe(200);
    gate.open();
    expect(counted(await Promise.all(waiting), 400)).toBe(2);
  });

  it('of networks that try again are refused, but not those of new ones', async () => {
    const [third, ...others] = [20, 21, 22].map(unknownAddress);
    for (const address of [third ?? '', ...others]) await send('nobody', address, 'wrong');
    const gate = new HashGate(busy.nest, 'recent');
    const waiting = others.map((address) => send('resident', address, 'wrong'));
    await gate.untilWaiting(2);
    expect((await send('resident', third ?? '', PASSWORD)).status).toBe(503);
    expect((await send('resident', unknownAddress(23), PASSWORD)).status).toBe(200);
    gate.open();
    expect(counted(await Promise.all(waiting), 400)).toBe(2);
  });

  itOnSqlite(
    'are refused without a hash from every network except that of the owner if both lines are full',
    async () => {
      const [again, twice, stranger] = [30, 31, 34].map(unknownAddress) as [string, string, string];
      for (const address of [again, twice]) await send('nobody', address, 'wrong');
      const gates = [new HashGate(busy.nest, 'new'), new HashGate(busy.nest, 'recent')];
      const fresh = [32, 33].map(unknownAddress);
      const waiting = [...fresh, again, twice].map((address) => send('resident', address, 'wrong'));
      await gates[0]?.untilWaiting(4);
      const begun = await hashes.during(async () => {
        // The first try uses the line of new networks, the second one that of networks that try again.
        for (let n = 0; n < 2; n += 1) {
          const refused = await send('resident', stranger, PASSWORD);
          expect([refused.status, refused.body.token]).toEqual([503, undefined]);
        }
        const newcomer = { username: 'newcomer', password: PASSWORD };
        const headers = from(unknownAddress(35));
        expect((await busy.post('/api/register/', newcomer, headers)).status).toBe(503);
      });
      expect([begun, await busy.database.count('users', `username = 'newcomer'`)]).toEqual([0, 0]);
      const home = await send('resident', KNOWN_ADDRESS, PASSWORD);
      expect(home.status).toBe(200);
      const owner = busy.callerOf(String(home.body.token), 'resident');
      expect((await owner.chat('Hello')).status).toBe(200);
      const words = { current_password: 'wrong', new_password: 'An0ther-pass-2' };
      expect((await owner.send('POST', '/api/password/', words)).status).toBe(400);
      for (const gate of gates) gate.open();
      expect(counted(await Promise.all(waiting), 400)).toBe(4);
      expect((await send('resident', stranger, PASSWORD)).status).toBe(200);
    },
  );
});
