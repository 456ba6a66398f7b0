import { describe, expect, it } from '@jest/globals';
import type { Answer, Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { answerAtOnce, Gate } from '../support/gated-answers.js';
import { respond } from '../support/responses.js';
import { stageModels } from '../support/stages.js';
import { until } from '../support/until.js';
import type { UpstreamCall } from '../support/upstream.js';

/** What the database and the ledger have of a user whose conversation was deleted. */
const NOTHING_LEFT = {
  ...{ turns: 0, conversations: 0, open: 0, unbalanced: [] },
  stored: [{ bytes: 0, conversations: 0 }],
};

describe.each(databaseKinds)('a continuation that outlasts another answer on %s', (kind) => {
  let gates: Gate[] = [];
  const gated = (n: number) => (call: UpstreamCall) => gates[n]?.behaviour(call);
  const stage = stageModels(kind, {
    atOnce: answerAtOnce,
    short: gated(0),
    long: gated(1),
    failing: async (call) => {
      await call.open().delta('Hello');
      await gates[1]?.opened;
      call.reset();
    },
  });

  /** Begins an answer that continues another, and waits until its model is asked. */
  const begin = async (
    ada: Caller,
    model: string,
    previous: unknown,
  ): Promise<Promise<Answer>[]> => {
    const calls = stage.upstream.calls.length;
    const answer = respond(ada, { model, previous_response_id: previous, input: 'a secret' });
    await until(() => stage.upstream.calls.length > calls);
    // In a list, because an async function would wait for the answer.
    return [answer];
  };

  const stateOf = async (ada: Caller) => {
    const { database } = stage.app;
    const owner = await stage.app.ownerOf(ada);
    return {
      turns: await database.count('turns', `owner_id = '${owner}'`),
      conversations: await database.count('conversations', `owner_id = '${owner}'`),
      open: await database.count('holds', `state = 'open'`),
      stored: await database.rows(
        `SELECT CAST(stored_bytes AS int) AS bytes, CAST(conversation_count AS int) AS conversations
         FROM wallets WHERE owner_id = $1`,
        [owner],
      ),
      unbalanced: await database.unbalancedWallets(),
    };
  };

  it.each([
    ['is charged once and reaches its caller', 'flat:long', 200, 300],
    ['is free if its model fails', 'flat:failing', 502, 200],
  ])('%s, and is not saved, if its conversation is deleted', async (_, model, status, spent) => {
    gates = [new Gate(), new Gate()];
    const ada = await stage.app.newUser();
    const root = await respond(ada, { model: 'flat:atOnce', input: 'root' });
    const [short] = await begin(ada, 'flat:short', root.body.id);
    const [long] = await begin(ada, model, root.body.id);
    const [conversation] = (await ada.get('/api/conversations/')).body.results;
    const remove = () => ada.send('DELETE', `/api/conversations/${String(conversation.id)}/`);
    expect((await remove()).status).toBe(409);
    gates[0]?.open();
    expect((await short)?.status).toBe(200);
    expect((await remove()).status).toBe(204);
    expect(await stateOf(ada)).toMatchObject({ turns: 0, conversations: 0, open: 1 });
    gates[1]?.open();
    const answer = await long;
    expect(answer?.status).toBe(status);
    expect(await stateOf(ada)).toEqual(NOTHING_LEFT);
    expect(await ada.balance()).toBe(4000 - spent);
    const { results } = (await ada.get('/api/wallet/ledger/')).body as { results: object[] };
    expect(results.filter((entry) => 'kind' in entry && entry.kind === 'charge')).toHaveLength(
      spent / 100,
    );
    if (answer?.body.id !== undefined)
      expect((await ada.get(`/v1/responses/${String(answer.body.id)}`)).status).toBe(404);
    expect(await ada.history()).toEqual([]);
  });
});
