import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { HoldsService } from '../../src/wallet/holds/holds.service.js';
import { TestApp } from '../support/app.js';
import { upToTheLimit } from '../support/behaviours.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { modelsOf } from '../support/models-file.js';
import { EventReader } from '../support/sse.js';
import { Upstream } from '../support/upstream.js';

const MESSAGE = 'How are you?';
/** The held model tokens of the prompt: 8 for the message, and one for each of its 12 bytes. */
const PROMPT = 20;
/** Wallet tokens for each model token of the answer. A model token of the prompt costs 1. */
const PER_COMPLETION = 2;
const MAX_TOKENS = 500;
const CONTEXT_TOKENS = 4000;
const CEILING = PROMPT + MAX_TOKENS * PER_COMPLETION;

const BEHAVIOURS = { 'keeps-to-limit': upToTheLimit(PROMPT) };

describe.each(databaseKinds)('the last tokens of a wallet, on %s', (kind) => {
  let upstream: Upstream;
  let app: TestApp;

  beforeAll(async () => {
    upstream = await Upstream.start(BEHAVIOURS);
    const limits = { maxTokens: MAX_TOKENS, contextTokens: CONTEXT_TOKENS };
    const models = modelsOf(upstream.baseUrl, Object.keys(BEHAVIOURS), limits);
    app = await TestApp.start(kind, models);
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const chat = (caller: Caller, model: string) =>
    caller.send('POST', '/api/chat/', { message: MESSAGE, model });

  const charges = async (caller: Caller): Promise<number[]> => {
    const { results } = (await caller.get('/api/wallet/ledger/')).body as {
      results: { kind: string; amount: number }[];
    };
    return results.flatMap(({ kind, amount }) => (kind === 'charge' ? [amount] : []));
  };

  /** Returns the longest answer that the balance pays for after the prompt. */
  const affords = (tokens: number) => Math.floor((tokens - PROMPT) / PER_COMPLETION);

  it.each([CEILING - 1, 109, 23, 22])(
    'a balance of %i shortens the answer, with finish_reason length',
    async (tokens) => {
      const ada = await app.newUser({ tokens });
      const body = { message: MESSAGE, model: 'metered:keeps-to-limit', stream: true };
      const reader = await EventReader.open(app.url, ada, body);
      const { content } = await reader.until('done');
      const limit = affords(tokens);
      expect(upstream.last.body['max_tokens']).toBe(limit);
      const amount = PROMPT + limit * PER_COMPLETION;
      expect(content).toMatchObject({ finish_reason: 'length', tokens_charged: amount });
      expect(await ada.balance()).toBe(tokens - amount);
      expect(await charges(ada)).toEqual([-amount]);
      expect(await app.database.unbalancedWallets()).toEqual([]);
    },
  );

  it('a balance of the ceiling requests the full max_tokens', async () => {
    const ada = await app.newUser({ tokens: CEILING });
    expect((await chat(ada, 'metered:keeps-to-limit')).status).toBe(200);
    expect(upstream.last.body['max_tokens']).toBe(MAX_TOKENS);
    expect(await ada.balance()).toBe(0);
  });

  it.each([0, PROMPT, PROMPT + PER_COMPLETION - 1])(
    'a balance of %i that does not cover the prompt and one model token is 402, without a call',
    async (tokens) => {
      const ada = await app.newUser({ tokens });
      const before = upstream.calls.length;
      const { status, raw, headers } = await chat(ada, 'metered:keeps-to-limit');
      expect([status, raw]).toEqual([402, '{"error":"Insufficient tokens"}']);
      expect(headers['tokens-required']).toBe(String(PROMPT + PER_COMPLETION));
      expect(headers['tokens-available']).toBe(String(tokens));
      expect(upstream.calls).toHaveLength(before);
      expect([await ada.balance(), await ada.history()]).toEqual([tokens, []]);
      expect(await charges(ada)).toEqual([]);
    },
  );

  it('shortens the answer for OpenAI’s clients as well', async () => {
    const ada = await app.newUser({ tokens: 109 });
    const { status, body } = await ada.send('POST', '/v1/chat/completions', {
      model: 'metered:keeps-to-limit',
      messages: [{ role: 'user', content: MESSAGE }],
      max_completion_tokens: MAX_TOKENS,
    });
    // The other fields are an empty object, `{}`, which counts as 2.
    const limit = affords(109 - 2);
    expect([status, body.choices[0].finish_reason]).toEqual([200, 'length']);
    expect(upstream.last.body['max_tokens']).toBe(limit);
    expect(body.usage).toMatchObject({ prompt_tokens: PROMPT, completion_tokens: limit });
    const amount = PROMPT + limit * PER_COMPLETION;
    expect(await ada.balance()).toBe(109 - amount);
    expect(await charges(ada)).toEqual([-amount]);
  });

  it('a long prompt shortens the answer to the rest of the context, or is refused', async () => {
    const ada = await app.newUser();
    const say = (promptTokens: number) =>
      ada.send('POST', '/api/chat/', {
        // The message itself counts as 4 model tokens.
        message: 'abc'.repeat(promptTokens - 4),
        model: 'flat:keeps-to-limit',
      });
    expect((await say(CONTEXT_TOKENS - 7)).status).toBe(200);
    expect(upstream.last.body['max_tokens']).toBe(7);
    expect((await say(CONTEXT_TOKENS - 1)).status).toBe(200);
    expect(upstream.last.body['max_tokens']).toBe(1);
    const calls = upstream.calls.length;
    const { status, body } = await say(CONTEXT_TOKENS);
    expect([status, body]).toEqual([
      400,
      { message: ['Too long for the model flat:keeps-to-limit.'] },
    ]);
    expect(upstream.calls).toHaveLength(calls);
    expect(await ada.balance()).toBe(4000 - 200);
  });

  it('ten simultaneous chats share the balance: each is answered for its hold, or 402', async () => {
    const tokens = 2 * CEILING + 100;
    const ada = await app.newUser({ tokens });
    const before = upstream.calls.length;
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => chat(ada, 'metered:keeps-to-limit')),
    );
    const paid = answers.filter(({ status }) => status === 200);
    expect(paid.length).toBeGreaterThan(2);
    expect(answers.filter(({ status }) => status === 402)).toHaveLength(10 - paid.length);
    expect(upstream.calls).toHaveLength(before + paid.length);
    const charged = paid.map(({ headers }) => Number(headers['tokens-charged']));
    expect((await charges(ada)).map((amount) => -amount).sort()).toEqual(charged.sort());
    expect(await ada.balance()).toBe(tokens - charged.reduce((sum, amount) => sum + amount, 0));
    expect(await ada.balance()).toBeGreaterThanOrEqual(0);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('a daily limit shortens the answer as a balance does', async () => {
    const ada = await app.newUser();
    expect((await ada.send('PUT', '/api/wallet/limits/', { daily: 40 })).status).toBe(200);
    expect((await chat(ada, 'metered:keeps-to-limit')).status).toBe(200);
    expect(upstream.last.body['max_tokens']).toBe(10);
    expect(await ada.balance()).toBe(4000 - 40);
  });

  it('open holds count against a daily limit that shortens the answer', async () => {
    const ada = await app.newUser();
    expect((await ada.send('PUT', '/api/wallet/limits/', { daily: 40 })).status).toBe(200);
    const ownerId = await app.ownerOf(ada);
    const holds = app.nest.get(HoldsService);
    await app.nest.get(UnitOfWork).run((tx) => holds.hold(tx, { ownerId, amount: 10 }));
    expect((await chat(ada, 'metered:keeps-to-limit')).status).toBe(200);
    expect(upstream.last.body['max_tokens']).toBe(affords(40 - 10));
    expect(await ada.balance()).toBe(4000 - 30 - 10);
  });

  it('a flat price is charged in full or the answer is 402', async () => {
    const ada = await app.newUser({ tokens: 99 });
    const before = upstream.calls.length;
    expect((await chat(ada, 'flat:keeps-to-limit')).status).toBe(402);
    expect(upstream.calls).toHaveLength(before);
    expect(await ada.balance()).toBe(99);
  });
});
