import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { databaseKinds } from '../support/databases.js';
import { Fleet, type Member } from '../support/fleet.js';
import { itAtFullEffort } from '../support/full-effort.js';
import { modelsOf } from '../support/models-file.js';
import { EventReader } from '../support/sse.js';
import { openConversation } from '../support/conversations.js';
import { until } from '../support/until.js';
import { Upstream } from '../support/upstream.js';

const postgres = databaseKinds.filter((kind) => kind === 'postgres');

describe.each(postgres)('two processes on one %s', (kind) => {
  let upstream: Upstream;
  let fleet: Fleet;
  let here: Member;
  let there: Member;

  beforeAll(async () => {
    upstream = await Upstream.start({
      wordy: async (call) => {
        call.open();
        await call.delta('first ');
        await call.aborted;
      },
    });
    fleet = await Fleet.on(kind, modelsOf(upstream.baseUrl, ['wordy']));
    [here, there] = await Promise.all([fleet.start(), fleet.start()]);
  });
  afterAll(async () => {
    await fleet.close();
    await upstream.stop();
  });

  it('stop an answer of one process by requests to the other, once', async () => {
    const ada = await fleet.newUser(here);
    const elsewhere = fleet.callerOn(there, ada);
    const eve = await fleet.newUser(there);
    const id = await openConversation(ada);
    const body = { message: 'Hi', model: 'flat:wordy', stream: true, conversation: id };
    const reader = await EventReader.open(here.http.url, ada, body, { 'Idempotency-Key': 'k' });
    await reader.until('delta');
    const turn = String(reader.incoming.headers['turn-id']);
    const path = `/api/chat/${turn}/stop/`;
    expect((await eve.send('POST', path)).status).toBe(404);
    expect(upstream.last.isAborted).toBe(false);
    const stops = [elsewhere, ada, elsewhere, elsewhere].map((caller) => caller.send('POST', path));
    const statuses = (await Promise.all(stops)).map(({ status }) => status);
    expect(statuses).toContain(204);
    expect(statuses.filter((status) => status !== 204 && status !== 404)).toEqual([]);
    expect((await reader.until('done')).content).toMatchObject({
      ...{ turn, response: 'first ', finish_reason: 'cancelled', tokens_charged: 100 },
    });
    const removed = await elsewhere.send('DELETE', `/api/conversations/${id}/`);
    expect([removed.status, await ada.balance(), await eve.balance()]).toEqual([204, 3900, 4000]);
    await fleet.inspect(async (database) => {
      expect(await database.count('holds', `state = 'open'`)).toBe(0);
      expect(await database.unbalancedWallets()).toEqual([]);
    });
  });

  itAtFullEffort(
    'return from a stop of an answer whose process was killed, and charge nothing',
    async () => {
      const doomed = await fleet.start();
      const ada = await fleet.newUser(here);
      const body = { message: 'Hi', model: 'flat:wordy', stream: true };
      const reader = await EventReader.open(doomed.http.url, ada, body);
      await reader.until('delta');
      const turn = String(reader.incoming.headers['turn-id']);
      doomed.service.kill('SIGKILL');
      await doomed.service.ended;
      const { status } = await ada.send('POST', `/api/chat/${turn}/stop/`);
      expect([204, 404]).toContain(status);
      await until(async () => (await ada.balance()) === 4000);
      expect((await ada.get(`/api/chat/${turn}/`)).status).toBe(404);
      expect((await ada.send('POST', `/api/chat/${turn}/stop/`)).status).toBe(404);
    },
  );
});
