import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { HoldsService } from '../../src/wallet/holds/holds.service.js';
import type { Config } from '../../src/config/config.js';
import { storageBoundsFor, type Stored } from '../../src/wallet/stored.js';
import { PASSWORD, TestApp } from '../support/app.js';
import type { Answer, Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { rowCounts } from '../support/refusals.js';
import { respond } from '../support/responses.js';
import { ROW, storedOf } from '../support/stored-rows.js';
import { openConversation, sendMessage, delayAnswers } from '../support/conversations.js';
import { until } from '../support/until.js';

const BYTES_MAX = 20_000;
const CONVERSATIONS_MAX = 9;
const ECHO = "This is a dummy AI response to your message: ''".length;
const AT_ONCE = 30;

describe('the storage bounds', () => {
  const NONE = Number.MAX_SAFE_INTEGER;

  it.each([
    [1, 1, 10, 5, [10, 5]],
    [0, 0, 10, 5, [NONE, NONE]],
    [-1, 1, 10, 5, [NONE, 5]],
    [1, 1, 0, 0, [NONE, NONE]],
  ])('for a user with %i bytes and %i conversations, and the settings %i and %i', (...row) => {
    const [bytes, conversations, storedMaxBytes, conversationsMax, bounds] = row;
    const config = { storedMaxBytes, conversationsMax } as Config;
    expect(storageBoundsFor(config, { bytes, conversations })).toEqual(bounds);
  });
});

describe.each(databaseKinds)('what a person stores on %s', (kind) => {
  let app: TestApp;
  let provider: ProviderProbe;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start(kind, {
      STORED_MAX_BYTES: String(BYTES_MAX),
      CONVERSATIONS_MAX: String(CONVERSATIONS_MAX),
    });
    provider = new ProviderProbe(app.nest);
  });
  beforeEach(async () => {
    ada = await app.newUser();
    provider.delayWith(undefined);
  });
  afterAll(() => app.close());

  const counted = async (who = ada): Promise<Stored> => {
    const sql = `SELECT stored_bytes AS bytes, conversation_count AS conversations FROM wallets WHERE owner_id = $1`;
    const [row] = await app.database.rows<Stored>(sql, [await app.ownerOf(who)]);
    return { bytes: Number(row?.bytes), conversations: Number(row?.conversations) };
  };

  const expectExact = async () => {
    expect(await counted()).toEqual(await storedOf(app.database, await app.ownerOf(ada)));
  };

  const useChat = (id: string, text: string) =>
    ada.send('POST', '/api/chat/', {
      ...{ id, trigger: 'submit-message', messageId: null },
      messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text }] }],
    });
  const complete = (content: string, stream = false) => {
    const messages = [{ role: 'user', content }];
    return ada.send('POST', '/v1/chat/completions', { model: 'echo', messages, stream });
  };
  const rename = (id: string, settings: object) =>
    ada.send('PATCH', `/api/conversations/${id}/`, settings);
  const statuses = (answers: readonly Answer[]) => {
    const of = (wanted: number) => answers.filter(({ status }) => status === wanted).length;
    return { served: of(200) + of(201), full: of(403) };
  };
  const atOnce = (ask: (n: number) => Promise<Answer>) =>
    Promise.all(Array.from({ length: AT_ONCE }, (_, n) => ask(n)));
  const refusedAs = ({ status, body }: Answer) => {
    const { code, error } = body as { code?: string; error?: { code: string } };
    return [status, code ?? error?.code];
  };

  it('is counted to the byte on every API, and subtracted after a deletion', async () => {
    await ada.chat('hello');
    await expectExact();
    await ada.chat('ПРИВЕТ, Straße');
    await ada.chat('keyed', { 'Idempotency-Key': 'one' });
    await useChat('чат', 'Hi');
    await useChat('чат', 'Again');
    await complete('hey');
    await expectExact();
    const conversationId = await openConversation(ada, { title: 'ω'.repeat(80), system: 'Ещё' });
    await sendMessage(ada, conversationId, 'in it');
    await rename(conversationId, { system: 'x'.repeat(1000) });
    await expectExact();
    await rename(conversationId, { system: 'short', title: 'other' });
    const { body: first } = await respond(ada, { input: 'one', instructions: 'Be kind.' });
    const { body: second } = await respond(ada, { input: 'two', previous_response_id: first.id });
    await respond(ada, { input: 'not kept', store: false });
    provider.delayWith(() => Promise.reject(new Error('down')));
    expect((await ada.chat('failed')).status).toBe(502);
    provider.answer([
      {
        ...{ type: 'delta', text: 'said', reasoning: 'thought' },
        toolCalls: [{ index: 0, id: 'c', function: { name: 'look', arguments: '{}' } }],
      },
      { type: 'done', finishReason: 'tool_calls', usage: undefined },
    ]);
    await complete('call');
    await expectExact();
    for (const { id } of [second, first]) {
      expect((await ada.send('DELETE', `/v1/responses/${String(id)}`)).status).toBe(200);
      await expectExact();
    }
    const { results } = (await ada.get('/api/conversations/?page_size=100')).body;
    for (const { id } of results as { id: string }[]) {
      expect((await ada.send('DELETE', `/api/conversations/${id}/`)).status).toBe(204);
    }
    expect(await counted()).toEqual({ bytes: 0, conversations: 0 });
  });

  it('may reach the bound exactly, and not exceed it by a byte', async () => {
    await ada.chat('hello');
    const { bytes } = await counted();
    const statusWith = async (stored: number) => {
      const bob = await app.newUser();
      const owner = await app.ownerOf(bob);
      const sql = 'UPDATE wallets SET stored_bytes = $2 WHERE owner_id = $1';
      await app.database.rows(sql, [owner, stored]);
      return (await bob.chat('hello')).status;
    };
    expect(await statusWith(BYTES_MAX - bytes)).toBe(200);
    expect(await statusWith(BYTES_MAX - bytes + 1)).toBe(403);
  });

  it('is refused on every API when the bound is reached: no call, no charge, nothing saved', async () => {
    const id = await openConversation(ada, { system: 's'.repeat(BYTES_MAX - 2 * ROW) });
    const text = 'm'.repeat(1000);
    const calls = provider.calls;
    const [rows, before] = [await rowCounts(app), await counted()];
    const requests: Record<string, () => Promise<Answer>> = {
      chat: () => ada.chat(text),
      stream: () => ada.send('POST', '/api/chat/', { message: text, stream: true }),
      keyed: () => ada.chat(text, { 'Idempotency-Key': 'full' }),
      conversation: () => sendMessage(ada, id, text),
      useChat: () => useChat('full', text),
      completions: () => complete(text),
      streamed: () => complete(text, true),
      responses: () => respond(ada, { input: text }),
      opened: () => ada.send('POST', '/api/conversations/', { system: text }),
      changed: () => rename(id, { system: 's'.repeat(BYTES_MAX) }),
    };
    for (const [name, ask] of Object.entries(requests)) {
      expect([name, ...refusedAs(await ask())]).toEqual([name, 403, 'storage_full']);
    }
    expect([provider.calls, await ada.balance()]).toEqual([calls, 4000]);
    expect([await rowCounts(app), await counted()]).toEqual([rows, before]);
    // Requests that store nothing are accepted. So are those that make room, and after them all others.
    expect((await respond(ada, { input: text, store: false })).status).toBe(200);
    expect((await rename(id, { title: 'as full as before' })).status).toBe(200);
    expect((await rename(id, { system: null })).status).toBe(200);
    expect((await ada.chat(text, { 'Idempotency-Key': 'full' })).status).toBe(200);
    await expectExact();
  });

  it('is reported only if the wallet could pay', async () => {
    const poor = await app.newUser({ tokens: 50 });
    await openConversation(poor, { system: 's'.repeat(BYTES_MAX - 2 * ROW) });
    expect((await poor.chat('m'.repeat(1000))).status).toBe(402);
  });

  it('stays within the bound for many answers at once', async () => {
    const size = 2 * ROW + 1000 + ECHO + 1000;
    const fit = Math.floor(BYTES_MAX / size);
    const answers = await atOnce(() => ada.chat('m'.repeat(1000)));
    expect(statuses(answers)).toEqual({ served: fit, full: AT_ONCE - fit });
    expect(await counted()).toEqual({ bytes: fit * size, conversations: fit });
    expect(await ada.balance()).toBe(4000 - 100 * fit);
    await expectExact();
  });

  it('exceeds the bound by at most the answers under way', async () => {
    const asked = 2 * ROW + 2000;
    const fit = Math.floor(BYTES_MAX / asked);
    const calls = provider.calls;
    const answerNow = delayAnswers(provider);
    const answers = atOnce((n) => ada.chat('m'.repeat(2000), { 'Idempotency-Key': String(n) }));
    await until(() => provider.calls === calls + fit);
    // The answers under way are counted: the count contains the question of each.
    await until(async () => (await counted()).bytes === fit * asked);
    answerNow();
    expect(statuses(await answers)).toEqual({ served: fit, full: AT_ONCE - fit });
    expect(provider.calls).toBe(calls + fit);
    expect((await counted()).bytes).toBe(fit * (asked + ECHO + 2000));
    expect(await ada.balance()).toBe(4000 - 100 * fit);
    await expectExact();
  });

  it('bounds the number of conversations, also if many are opened at once', async () => {
    const opened = await atOnce((n) =>
      n % 2 ? ada.chat('hi') : ada.send('POST', '/api/conversations/', {}),
    );
    expect(statuses(opened)).toEqual({
      served: CONVERSATIONS_MAX,
      full: AT_ONCE - CONVERSATIONS_MAX,
    });
    expect((await counted()).conversations).toBe(CONVERSATIONS_MAX);
    const { results } = (await ada.get('/api/conversations/')).body;
    const [{ id }] = results as [{ id: string }];
    expect((await sendMessage(ada, id, 'on')).status).toBe(200);
    expect(refusedAs(await ada.chat('another'))).toEqual([403, 'storage_full']);
    expect((await ada.send('DELETE', `/api/conversations/${id}/`)).status).toBe(204);
    expect((await ada.chat('another')).status).toBe(200);
    await expectExact();
  });

  it('subtracts the question of an expired hold', async () => {
    const [holds, work] = [app.nest.get(HoldsService), app.nest.get(UnitOfWork)];
    const ownerId = await app.ownerOf(ada);
    const stored = { bytes: 700, conversations: 0 };
    const { id } = await work.run((tx) =>
      holds.hold(tx, { ownerId, amount: 100, stored, turnBytes: 700 }),
    );
    expect((await counted()).bytes).toBe(700);
    await work.run((tx) => holds.release(tx, id, 'expired'));
    expect(await counted()).toEqual({ bytes: 0, conversations: 0 });
    expect(await ada.balance()).toBe(4000);
  });

  it('is subtracted with the account, and does not change for other users', async () => {
    const bob = await app.newUser();
    await bob.chat('stays');
    const before = await counted(bob);
    await ada.chat('goes');
    await useChat('mine', 'goes');
    const ownerId = await app.ownerOf(ada);
    expect((await ada.send('DELETE', '/api/me/', { password: PASSWORD })).status).toBe(204);
    const left = await app.database.rows(
      'SELECT stored_bytes + conversation_count AS left_over FROM wallets WHERE owner_id = $1',
      [ownerId],
    );
    expect(left.map((row) => Number((row as { left_over: unknown }).left_over))).toEqual([0]);
    expect(await counted(bob)).toEqual(before);
  });
});
