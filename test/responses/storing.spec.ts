import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds, Inspector } from '../support/databases.js';
import { planOf } from '../support/plans.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { eventsOf, respond, textIn } from '../support/responses.js';
import { StatementLog } from '../support/statement-log.js';

describe.each(databaseKinds)('stored responses on %s', (kind) => {
  let app: TestApp;
  let provider: ProviderProbe;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    provider = new ProviderProbe(app.nest);
  });
  afterAll(() => app.close());

  const sentMessages = () => provider.lastRequest?.messages;
  const readBack = (caller: Caller, id: string) => caller.get(`/v1/responses/${id}`);
  const charges = async (caller: Caller) => {
    const { results } = (await caller.get('/api/wallet/ledger/')).body as {
      results: { kind: string }[];
    };
    return results.filter((row) => row.kind === 'charge').length;
  };

  it('are deleted with their text, and their charge stays', async () => {
    const ada = await app.newUser();
    const first = await respond(ada, { input: 'a secret' });
    const next = { previous_response_id: first.body.id, input: 'and then' };
    const second = await respond(ada, next);
    const deleted = await ada.send('DELETE', `/v1/responses/${String(first.body.id)}`);
    expect([deleted.status, deleted.body]).toEqual([
      200,
      { id: first.body.id, object: 'response', deleted: true },
    ]);
    expect((await readBack(ada, first.body.id)).status).toBe(404);
    expect((await ada.send('DELETE', `/v1/responses/${String(first.body.id)}`)).status).toBe(404);
    expect((await respond(ada, next)).status).toBe(404);
    // The turn that continued the deleted one can still be continued, without it.
    await respond(ada, { previous_response_id: second.body.id, input: 'last' });
    expect(sentMessages()?.map(({ content }) => content)).toEqual([
      'and then',
      textIn(second.body),
      'last',
    ]);
    const { results } = (await ada.get('/api/conversations/')).body;
    expect(results).toMatchObject([{ title: 'last' }]);
    expect(await charges(ada)).toBe(3);
    expect(await ada.balance()).toBe(3700);
    const words = `message LIKE '%secret%' OR response LIKE '%secret%' OR request LIKE '%secret%'`;
    expect(await app.database.count('turns', words)).toBe(0);
  });

  it('are found by ids in capital letters', async () => {
    const ada = await app.newUser();
    const { body } = await respond(ada, { input: 'one' });
    const [response, item] = [body.id, body.output[0].id].map((id) => String(id).toUpperCase());
    expect(await readBack(ada, response ?? '')).toMatchObject({ status: 200, body });
    await respond(ada, { previous_response_id: response, input: 'two' });
    expect(sentMessages()?.map(({ content }) => content)).toEqual(['one', textIn(body), 'two']);
    await respond(ada, {
      input: [
        { type: 'item_reference', id: item },
        { role: 'user', content: 'x' },
      ],
    });
    expect(sentMessages()?.[0]).toMatchObject({ role: 'assistant', content: textIn(body) });
    const deleted = await ada.send('DELETE', `/v1/responses/${String(response)}`);
    expect([deleted.status, await charges(ada)]).toEqual([200, 3]);
  });

  it('are deleted with their conversation if they are its only turn', async () => {
    const ada = await app.newUser();
    const { body } = await respond(ada, {});
    await ada.send('DELETE', `/v1/responses/${String(body.id)}`);
    expect((await ada.get('/api/conversations/')).body.results).toEqual([]);
    expect(await ada.history()).toEqual([]);
    expect(await ada.balance()).toBe(3900);
  });

  it('are read for a reference without their requests, and not before all are found and fit', async () => {
    const ada = await app.newUser();
    const long = { role: 'assistant', content: 'a'.repeat(900_000) };
    const bodies = [];
    for (let n = 0; n < 3; n += 1) {
      const { status, body } = await respond(ada, {
        input: [long, { role: 'user', content: 'x' }],
      });
      expect(status).toBe(200);
      bodies.push(body);
    }
    const references = bodies.map(({ output: [item] }) => ({ id: String(item.id) }));
    const unknown = { id: `msg_${'0'.repeat(32)}_0` };
    const log = StatementLog.of(app.nest);
    /** Returns the status of the answer, and the statements that read turns for it. */
    const refer = async (items: object[]) => {
      let status = 0;
      const sent = await log.during(async () => {
        ({ status } = await respond(ada, { input: [...items, { role: 'user', content: 'x' }] }));
      });
      const reads = sent.filter(({ sql }) => /FROM "?turns/.test(sql));
      return { status, names: reads.map(({ name }) => name), reads };
    };
    const { calls } = provider;
    expect(await refer([...references, unknown])).toMatchObject({
      ...{ status: 404, names: ['turn.lengths'] },
    });
    expect(await refer([...references, { id: 'msg_x' }])).toMatchObject({ status: 404, names: [] });
    expect([provider.calls, await ada.balance()]).toEqual([calls, 3700]);
    const read = await refer(references);
    expect(read).toMatchObject({ status: 200, names: ['turn.lengths', 'turn.answers'] });
    // On SQLite a plan leaves a read open on its connection, so later reads would see old rows.
    const planner = await Inspector.open(app.database.url);
    for (const statement of read.reads) {
      expect(statement.sql).not.toMatch(/request|message|folded/);
      // With the index on the owner, a statement would search the whole history.
      expect((await planOf(planner, statement)).join()).not.toContain('owner');
    }
    await planner.close();
    await app.database.rows(`UPDATE turns SET response = $2 WHERE owner_id = $1 RETURNING id`, [
      await app.ownerOf(ada),
      'a'.repeat(1_500_000),
    ]);
    expect(await refer(references)).toMatchObject({ status: 400, names: ['turn.lengths'] });
    expect(await ada.balance()).toBe(3600);
  });

  it('are only a charge if `store` is false', async () => {
    const ada = await app.newUser();
    const kept = await respond(ada, { input: 'kept' });
    const input = 'unkept words';
    const fields = { input, store: false, previous_response_id: kept.body.id };
    const key = { 'Idempotency-Key': 'unkept' };
    const whole = await respond(ada, fields, key);
    expect([whole.status, whole.body.store]).toEqual([200, false]);
    expect(textIn(whole.body)).toContain(input);
    const streamed = eventsOf(await respond(ada, { ...fields, stream: true }));
    expect(streamed.at(-1)?.type).toBe('response.completed');
    expect((await respond(ada, { input, store: false })).status).toBe(200);
    const calls = provider.calls;
    const again = await respond(ada, fields, key);
    expect([again.status, again.body.error.message]).toEqual([
      404,
      'The answer to this Idempotency-Key was deleted, or never kept.',
    ]);
    expect(provider.calls).toBe(calls);
    expect(await ada.history()).toHaveLength(1);
    expect((await ada.get('/api/conversations/')).body.results).toHaveLength(1);
    expect((await readBack(ada, whole.body.id)).status).toBe(404);
    expect(await ada.balance()).toBe(3600);
    const owner = await app.ownerOf(ada);
    expect(await app.database.count('turns', `owner_id = '${owner}'`)).toBe(1);
    expect(await app.database.count('conversations', `title LIKE '%unkept%'`)).toBe(0);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
});
