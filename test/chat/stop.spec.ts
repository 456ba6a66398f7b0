import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Answer, Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { modelsOf } from '../support/models-file.js';
import { EventReader } from '../support/sse.js';
import { openConversation } from '../support/conversations.js';
import { until } from '../support/until.js';
import { Upstream } from '../support/upstream.js';

const UNKNOWN_ID = '0198bf9e-6c5b-7c1e-a3c7-9d2f4b8e6a10';
const NOT_FOUND = { detail: 'Not found.', code: 'not_found' };

describe.each(databaseKinds)('POST /api/chat/{turn}/stop/ on %s', (kind) => {
  let upstream: Upstream;
  let app: TestApp;
  /** Lets the newest answer run to its end. */
  let finish: () => void = () => undefined;

  beforeAll(async () => {
    const gate = () => new Promise<void>((resolve) => (finish = resolve));
    upstream = await Upstream.start({
      good: async (call) => {
        await call.open().delta('all of it');
        await call.finish();
        await call.end();
      },
      wordy: async (call) => {
        call.open();
        await call.delta('first ');
        await Promise.race([gate(), call.aborted]);
        await call.delta('second');
        await call.finish();
        await call.end();
      },
      silent: async (call) => {
        call.open();
        await Promise.race([gate(), call.aborted]);
        await call.delta('late');
        await call.finish();
        await call.end();
      },
    });
    app = await TestApp.start(kind, modelsOf(upstream.baseUrl, ['good', 'wordy', 'silent']));
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const stop = (caller: Caller, turn: string) => caller.send('POST', `/api/chat/${turn}/stop/`);

  /** Starts a streamed answer, and waits for its first event or its first word. */
  const begin = async (
    caller: Caller,
    { model = 'flat:wordy', key, ...more }: { model?: string; key?: string; conversation?: string },
  ) => {
    const headers: Record<string, string> = key === undefined ? {} : { 'Idempotency-Key': key };
    const body = { message: 'Hi', model, stream: true, ...more };
    const calls = upstream.calls.length;
    const reader = await EventReader.open(app.url, caller, body, headers);
    const { content } = await reader.until('start');
    await until(() => upstream.calls.length > calls);
    if (model.endsWith('wordy')) await reader.until('delta');
    return { reader, turn: String(content.turn), conversation: String(content.conversation) };
  };

  const assertOneCharge = async (caller: Caller, turn: string, amount: number) => {
    const { body } = await caller.get(`/api/wallet/ledger/?turn=${turn}`);
    expect(body.results).toMatchObject([{ amount: -amount }]);
    expect(await app.database.count('holds', `state = 'open'`)).toBe(0);
    expect(await caller.balance()).toBe(4000 - amount);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  };

  it.each([
    ['without a key', undefined],
    ['with a key, whose leaving would let it run', 'kept'],
  ])('ends a streamed answer %s with what was produced, for one charge', async (_, key) => {
    const ada = await app.newUser();
    const { reader, turn, conversation } = await begin(ada, { ...(key && { key }) });
    const stopped = await stop(ada, turn);
    expect([stopped.status, stopped.raw]).toEqual([204, '']);
    await upstream.last.aborted;
    expect((await reader.until('done')).content).toMatchObject({
      ...{ response: 'first ', turn, conversation, finish_reason: 'cancelled' },
      ...{ tokens_charged: 100, tokens_balance: 3900 },
    });
    expect((await ada.get(`/api/chat/${turn}/`)).body).toMatchObject({
      ...{ id: turn, conversation, response: 'first ', status: 'aborted', tokens: 100 },
    });
    expect((await stop(ada, turn)).status).toBe(404);
    await assertOneCharge(ada, turn, 100);
  });

  it('frees the conversation at once for the next message, and for its deletion', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada);
    const { reader, turn } = await begin(ada, { conversation: id, key: 'mine' });
    reader.leave();
    const path = `/api/conversations/${id}/`;
    const busy = await ada.send('POST', `${path}messages/`, { message: 'No!' });
    expect([busy.status, busy.headers['turn-id']]).toEqual([409, turn]);
    expect((await stop(ada, turn)).status).toBe(204);
    expect((await ada.send('POST', `${path}messages/`, { message: 'No!' })).status).toBe(200);
    expect((await ada.send('DELETE', path)).status).toBe(204);
    expect(await ada.balance()).toBe(3800);
  });

  it('names the turn and the conversation in the headers of a stream, on every API', async () => {
    const ada = await app.newUser();
    const messages = [{ role: 'user', content: 'Hi' }];
    const asks = [
      ['/api/chat/', { message: 'Hi' }],
      [`/api/conversations/${await openConversation(ada)}/messages/`, { message: 'Hi' }],
      ['/v1/chat/completions', { messages }],
    ] as const;
    for (const [path, body] of asks) {
      const ask = { ...body, model: 'flat:wordy', stream: true };
      const reader = await EventReader.open(app.url, ada, ask, {}, path);
      const { 'turn-id': turn, 'conversation-id': conversation } = reader.incoming.headers;
      await until(() => reader.raw.includes('first '));
      expect((await ada.get(`/api/conversations/${String(conversation)}/`)).status).toBe(200);
      expect((await stop(ada, String(turn))).status).toBe(204);
      await reader.ended;
      expect((await ada.get(`/api/chat/${String(turn)}/`)).body).toMatchObject({ conversation });
    }
    const replay = { message: 'Hi', stream: true };
    const first = await EventReader.open(app.url, ada, replay, { 'Idempotency-Key': 'one' });
    await first.until('done');
    const again = await EventReader.open(app.url, ada, replay, { 'Idempotency-Key': 'one' });
    expect((await again.until('start')).content).toEqual((await first.until('start')).content);
    expect((await again.until('done')).content).toEqual((await first.until('done')).content);
    expect(again.incoming.headers).toMatchObject({
      ...{ 'turn-id': first.incoming.headers['turn-id'], 'idempotent-replayed': 'true' },
    });
  });

  it('ends a plain JSON answer and an OpenAI stream as incomplete', async () => {
    const ada = await app.newUser();
    const headers = { 'Idempotency-Key': 'json' };
    const body = { message: 'Hi', model: 'flat:silent' };
    const calls = upstream.calls.length;
    const waiting = ada.send('POST', '/api/chat/', body, headers);
    await until(() => upstream.calls.length > calls);
    // The 409 tells the client the id of the turn.
    const busy = await ada.send('POST', '/api/chat/', body, headers);
    expect([busy.status, busy.body.code]).toEqual([409, 'idempotency_key_in_use']);
    const turn = String(busy.headers['turn-id']);
    expect((await stop(ada, turn)).status).toBe(204);
    const { status, headers: answerHeaders, body: answer } = await waiting;
    expect([status, answerHeaders['turn-id'], answer.response]).toEqual([200, turn, '']);
    await assertOneCharge(ada, turn, 100);
    const replay = await ada.send('POST', '/api/chat/', body, headers);
    expect([replay.headers['idempotent-replayed'], replay.body]).toEqual(['true', answer]);

    const ask = { model: 'flat:wordy', messages: [{ role: 'user', content: 'Hi' }], stream: true };
    const reader = await EventReader.open(app.url, ada, ask, {}, '/v1/chat/completions');
    await until(() => reader.raw.includes('first '));
    await stop(ada, String(reader.incoming.headers['turn-id']));
    await reader.ended;
    expect(reader.raw).toMatch(/"finish_reason":"length"\}\][\s\S]*data: \[DONE\]/);
  });

  it('replays the stopped answer for its key without another call', async () => {
    const ada = await app.newUser();
    const { turn } = await begin(ada, { key: 'again' });
    await stop(ada, turn);
    const calls = upstream.calls.length;
    const body = { message: 'Hi', model: 'flat:wordy', stream: true };
    const again = await EventReader.open(app.url, ada, body, { 'Idempotency-Key': 'again' });
    expect((await again.until('done')).content).toMatchObject({
      ...{ turn, response: 'first ', finish_reason: 'cancelled' },
    });
    expect(upstream.calls).toHaveLength(calls);
    await assertOneCharge(ada, turn, 100);
  });

  it('charges the same as for a client that left: the prompt and what was produced', async () => {
    const ada = await app.newUser();
    const silent = await begin(ada, { model: 'metered:silent' });
    await stop(ada, silent.turn);
    const { tokens: prompt } = (await ada.get(`/api/chat/${silent.turn}/`)).body;
    const longAnswer = await begin(ada, { model: 'metered:wordy' });
    await stop(ada, longAnswer.turn);
    const { tokens } = (await ada.get(`/api/chat/${longAnswer.turn}/`)).body;
    // By our estimate, `first ` is two model tokens, at 2 each.
    expect([prompt > 0, tokens - prompt]).toEqual([true, 4]);
    expect(await ada.balance()).toBe(4000 - prompt - tokens);
  });

  it.each([
    ['while it goes on', false],
    ['as it ends by itself', true],
  ])('charges once for ten stops at once, %s', async (_, ends) => {
    const ada = await app.newUser();
    const { reader, turn } = await begin(ada, {});
    const stops = Array.from({ length: 10 }, () => stop(ada, turn));
    if (ends) finish();
    const statuses = (await Promise.all(stops)).map(({ status }) => status);
    expect([204, 404]).toEqual(expect.arrayContaining(statuses));
    const { content } = await reader.until('done');
    expect(['cancelled', 'stop']).toContain(content.finish_reason);
    await assertOneCharge(ada, turn, 100);
  });

  it('charges once for a stop during the capture', async () => {
    const ada = await app.newUser();
    const { reader, turn } = await begin(ada, {});
    let stopping: Promise<Answer> | undefined;
    await app.database.inTransaction(async (rows) => {
      await rows('UPDATE wallets SET held = held');
      finish();
      await until(() => upstream.last.response.writableFinished);
      stopping = stop(ada, turn);
    });
    expect([204, 404]).toContain((await stopping)?.status);
    expect((await reader.until('done')).content).toMatchObject({ tokens_charged: 100 });
    await assertOneCharge(ada, turn, 100);
  });

  it('answers 404 and changes nothing for a turn that is another user’s, unknown or finished', async () => {
    const [ada, eve] = [await app.newUser(), await app.newUser()];
    const { reader, turn } = await begin(ada, {});
    for (const id of [turn, UNKNOWN_ID, 'none', '%00', 'x'.repeat(36), `${turn}%20`]) {
      const { status, body } = await stop(eve, id);
      expect([id, status, body]).toEqual([id, 404, NOT_FOUND]);
    }
    expect(upstream.last.isAborted).toBe(false);
    finish();
    expect((await reader.until('done')).content).toMatchObject({ response: 'first second' });
    expect((await stop(ada, turn)).status).toBe(404);
    expect((await app.send({ method: 'POST', path: `/api/chat/${turn}/stop/` })).status).toBe(401);
    await assertOneCharge(ada, turn, 100);
    expect(await eve.balance()).toBe(4000);
  });

  it('answers 404 and charges nothing if the hold has expired', async () => {
    const ada = await app.newUser();
    const { reader, turn } = await begin(ada, {});
    await app.database.rows(`UPDATE holds SET expires_at = 1 WHERE id = $1`, [turn]);
    await until(async () => (await app.database.count('holds', `state = 'open'`)) === 0);
    const first = await stop(ada, turn);
    expect([204, 404]).toContain(first.status);
    expect((await reader.until('error')).content).toMatchObject({ code: 'unavailable' });
    expect((await stop(ada, turn)).status).toBe(404);
    expect(await app.database.count('turns', 'id = $1', [turn])).toBe(0);
    expect(await ada.balance()).toBe(4000);
  });
});
