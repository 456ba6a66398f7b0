import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createDatabase } from '../support/databases.js';
import { Fleet } from '../support/fleet.js';
import { itAtFullEffort } from '../support/full-effort.js';

const REFUSAL =
  /^tallychat: another process serves .+tallychat\.sqlite: stop it, or use PostgreSQL for several processes\n$/;

describe('a second process on one SQLite file', () => {
  let fleet: Fleet;

  beforeEach(async () => {
    fleet = await Fleet.on('sqlite', {}, createDatabase);
  });
  afterEach(() => fleet.close());

  itAtFullEffort('refuses in one sentence, and the first one continues', async () => {
    const first = await fleet.start();
    const ada = await fleet.newUser(first);
    const second = await fleet.launch();
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.stderr).toMatch(REFUSAL);
    expect(second.stdout).not.toContain('listens on');
    expect((await ada.chat('still there?')).status).toBe(200);
    expect(await ada.balance()).toBe(3900);
  });

  it('refuses before it touches the schema, also if all start at once on an empty file', async () => {
    const services = await Promise.all([fleet.launch(), fleet.launch(), fleet.launch()]);
    const serving = services.map((service) => fleet.serving(service));
    const member = await Promise.any(serving);
    const others = services.filter((service) => service !== member.service);
    for (const other of others) {
      expect(await other.ended).toEqual({ code: 1, signal: null });
      expect(other.stderr).toMatch(REFUSAL);
      expect(other.stdout).not.toContain('CREATE TABLE');
    }
    const ada = await fleet.newUser(member);
    expect((await ada.chat('alone at last')).status).toBe(200);
    await Promise.allSettled(serving);
  });

  itAtFullEffort(
    'serves after the first one was killed, with every balance unchanged',
    async () => {
      const first = await fleet.start();
      const ada = await fleet.newUser(first);
      const answer = await ada.chat('before');
      first.service.kill('SIGKILL');
      await first.service.ended;
      const callerOfSuccessor = fleet.callerOn(await fleet.start(), ada);
      expect(await callerOfSuccessor.balance()).toBe(3900);
      expect(await callerOfSuccessor.history()).toMatchObject([
        { message: 'before', ...answer.body },
      ]);
      expect((await callerOfSuccessor.chat('after')).status).toBe(200);
      expect(await fleet.inspect((database) => database.unbalancedWallets())).toEqual([]);
    },
  );
});
