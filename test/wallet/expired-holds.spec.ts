import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { HoldSweeper } from '../../src/wallet/holds/hold-sweeper.js';
import { LateSettlements } from '../../src/wallet/holds/late-settlements.js';
import { makeKey, usedOf } from '../support/api-keys.js';
import { TestApp } from '../support/app.js';
import type { Answer, Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { openConversation, sendMessage, untilAsked } from '../support/conversations.js';
import { until } from '../support/until.js';

const TOOK_TOO_LONG = {
  detail: 'The answer took too long. Nothing was charged.',
  code: 'unavailable',
};

describe.each(databaseKinds)('an answer that comes after its hold has expired, on %s', (kind) => {
  let app: TestApp;
  let provider: ProviderProbe;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    provider = new ProviderProbe(app.nest);
  });
  afterEach(() => {
    provider.delayWith(undefined);
  });
  afterAll(() => app.close());

  /** Sends a message in a conversation. While the provider works, the hold expires and then `meanwhile` runs. */
  const askLate = async (
    ada: Caller,
    ending: 'answers' | 'fails',
    meanwhile: (conversation: string) => Promise<unknown>,
  ): Promise<Answer> => {
    const id = await openConversation(ada);
    let end: () => void = () => undefined;
    const calls = provider.calls;
    provider.delayWith(
      () =>
        new Promise((resolve, reject) => {
          end = () => {
            if (ending === 'answers') resolve();
            else reject(new Error('down'));
          };
        }),
    );
    const answer = sendMessage(ada, id, 'wait', { 'Idempotency-Key': `late-${ending}` });
    await untilAsked(provider, calls);
    await app.database.rows(`UPDATE holds SET expires_at = 0 WHERE state = 'open'`);
    await app.nest.get(HoldSweeper).sweep();
    await meanwhile(id);
    end();
    return answer;
  };

  const expectNothingTaken = async (ada: Caller, answer: Answer) => {
    expect([answer.status, answer.body]).toEqual([503, TOOK_TOO_LONG]);
    expect(answer.headers['retry-after']).toBe('1');
    expect(await ada.balance()).toBe(4000);
    expect(await ada.history()).toEqual([]);
    expect(await app.database.count('holds', `state = 'open'`)).toBe(0);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  };

  it.each(['answers', 'fails'] as const)('is 503 when the provider %s', async (ending) => {
    const ada = await app.newUser();
    await expectNothingTaken(ada, await askLate(ada, ending, () => Promise.resolve()));
  });

  it.each(['answers', 'fails'] as const)(
    'is 503 when the provider %s and the conversation was deleted meanwhile',
    async (ending) => {
      const ada = await app.newUser();
      const answer = await askLate(ada, ending, async (id) => {
        expect((await ada.send('DELETE', `/api/conversations/${id}/`)).status).toBe(204);
      });
      await expectNothingTaken(ada, answer);
    },
  );

  it('is 503 for an API key, and its cap has its room again', async () => {
    const ada = await app.newUser();
    const key = await makeKey(app.http, ada, { limit: 100 });
    const answer = await askLate(key.caller, 'answers', () => Promise.resolve());
    await expectNothingTaken(ada, answer);
    expect(await usedOf(ada, key)).toBe(0);
  });

  it('leaves the key free for another attempt, which is charged once', async () => {
    const ada = await app.newUser();
    let conversation = '';
    await askLate(ada, 'answers', (id) => Promise.resolve((conversation = id)));
    provider.delayWith(undefined);
    const again = await sendMessage(ada, conversation, 'wait', {
      'Idempotency-Key': 'late-answers',
    });
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([200, undefined]);
    expect(await ada.balance()).toBe(3900);
    expect(await ada.history()).toHaveLength(1);
  });

  if (kind === 'sqlite') return;

  it('is 503 after commits with an unknown result, none of which succeeded', async () => {
    await app.database.rows(`CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$`);
    await app.database.rows(`CREATE CONSTRAINT TRIGGER lose AFTER UPDATE ON holds
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'captured') EXECUTE FUNCTION lose()`);
    const ada = await app.newUser();
    let answerNow: () => void = () => undefined;
    const calls = provider.calls;
    provider.delayWith(() => new Promise((resolve) => (answerNow = resolve)));
    const answer = ada.chat('wait', { 'Idempotency-Key': 'unknown' });
    await untilAsked(provider, calls);
    answerNow();
    await until(() => app.nest.get(LateSettlements).depth === 1);
    await app.database.rows(`UPDATE holds SET expires_at = 0 WHERE state = 'open'`);
    await app.nest.get(HoldSweeper).sweep();
    await expectNothingTaken(ada, await answer);
    await app.database.rows('DROP TRIGGER lose ON holds');
  });
});
