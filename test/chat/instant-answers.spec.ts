import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { InstantAnswerService } from '../../src/chat/instant-answer.service.js';
import { Planner } from '../../src/chat/planner.js';
import { estimateTokens } from '../../src/models/prompt.js';
import type { CompletionProvider } from '../../src/models/provider.js';
import type { Principal } from '../../src/principal.js';
import { ChargesService } from '../../src/wallet/charges.service.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { noteOf } from '../support/note.js';

const QUESTION = { route: 'chat', message: 'Hi' } as const;
const TEXT = 'an answer in one piece';

describe.each(databaseKinds)('an answer that is given at once, on %s', (kind) => {
  let app: TestApp;
  let ada: Caller;
  let bob: string;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    bob = await app.ownerOf(await app.newUser());
  });
  beforeEach(async () => {
    ada = await app.newUser();
  });
  afterAll(() => app.close());

  /** Returns a function that asks a model which answers as given. */
  const askerOf = async (
    answer: NonNullable<CompletionProvider['answer']>,
    signal: AbortSignal,
  ) => {
    const userId = await app.ownerOf(ada);
    const principal: Principal = { userId, credentialId: bob, kind: 'access_token' };
    const plan = await app.nest.get(Planner).plan(principal, QUESTION);
    const provider = { ...plan.model.provider, draft: () => TEXT, answer };
    const asked = { ...plan, model: { ...plan.model, provider } };
    return () => app.nest.get(InstantAnswerService).answer(principal, QUESTION, asked, signal);
  };

  /** A charge that fails, so that the other units of its transaction run again. */
  const failingCharge = () =>
    app.nest
      .get(ChargesService)
      .pay(
        { ownerId: bob, amount: 1, ...noteOf('spec', bob) },
        new AbortController().signal,
        () => {
          throw new Error('not saved');
        },
      );

  it('is made once if the transaction of its charge runs again', async () => {
    let calls = 0;
    const ask = await askerOf(() => {
      calls += 1;
      const usage = { promptTokens: calls, completionTokens: 10 * calls };
      return { text: TEXT, finishReason: 'stop', usage };
    }, new AbortController().signal);
    const [turn, other] = await Promise.allSettled([ask(), failingCharge()]);
    expect(turn).toMatchObject({
      value: { response: TEXT, promptTokens: 1, completionTokens: 10, amount: 100 },
    });
    expect(other).toMatchObject({ reason: { message: 'not saved' } });
    expect(calls).toBe(1);
    expect(await ada.balance()).toBe(3900);
    expect(await ada.history()).toHaveLength(1);
  });

  it('is counted by its text if the model reports no usage', async () => {
    const ask = await askerOf(
      () => ({ text: TEXT, finishReason: 'stop', usage: undefined }),
      new AbortController().signal,
    );
    expect(await ask()).toMatchObject({ completionTokens: estimateTokens(TEXT), toolCalls: null });
  });

  it('reports a failure of the model also if the caller left, and charges nothing', async () => {
    const leaving = new AbortController();
    const runs = kind === 'sqlite' ? 1 : 2;
    let calls = 0;
    const ask = await askerOf(() => {
      calls += 1;
      // On PostgreSQL the failure makes the unit run again, alone. An abort before that would be seen first.
      if (calls === runs) leaving.abort();
      throw new Error('the model is broken');
    }, leaving.signal);
    await expect(ask()).rejects.toThrow('the model is broken');
    expect(calls).toBe(runs);
    expect(await ada.balance()).toBe(4000);
    expect(await ada.history()).toEqual([]);
    expect(await app.database.differences()).toEqual([]);
  });
});
