import { afterEach, describe, expect, it } from '@jest/globals';
import { EarlierAnswers } from '../../src/chat/earlier-answers.js';
import { Planner } from '../../src/chat/planner.js';
import { TestApp } from '../support/app.js';
import type { Answer } from '../support/client.js';
import { delayAnswers, untilAsked } from '../support/conversations.js';
import { databaseKinds, type DatabaseKind } from '../support/databases.js';
import { stageProvider } from '../support/stages.js';
import { StatementLog } from '../support/statement-log.js';
import { until } from '../support/until.js';
import { conversationsOf, textOf } from '../support/ui-chats.js';

const KEY = { 'Idempotency-Key': 'mine' };

/** Starts the service. After each test no hold is open, and the ledger explains each balance. */
function stageBalanced(kind: DatabaseKind) {
  const stage = stageProvider(kind);
  afterEach(async () => {
    expect(await stage.app.database.count('holds', `state = 'open'`)).toBe(0);
    expect(await stage.app.database.unbalancedWallets()).toEqual([]);
  });
  return stage;
}

describe.each(databaseKinds)('the attempts of a chat on %s', (kind) => {
  const stage = stageBalanced(kind);

  it('stop after the first one if the wallet refuses it, also for a new chat of a client', async () => {
    const poor = await stage.app.newUser({ tokens: 99 });
    const { calls } = stage.provider;
    const body = { id: 'poor', messages: [textOf('hi')] };
    let answer: Answer | undefined;
    const statements = await StatementLog.of(stage.app.nest).during(async () => {
      answer = await poor.send('POST', '/api/chat', body);
    });
    expect(answer?.status).toBe(402);
    expect(statements.filter(({ name }) => name === 'wallet.hold')).toHaveLength(1);
    expect([stage.provider.calls - calls, await poor.balance()]).toEqual([0, 99]);
    expect(await conversationsOf(poor)).toEqual([]);
  });

  it('are not called a replay without a key', async () => {
    const { status, headers } = await stage.ada.chat('hi');
    expect([status, headers['idempotent-replayed']]).toEqual([200, undefined]);
    expect(await stage.ada.balance()).toBe(3900);
  });

  it('with the same key wait for the end of the first one, and only that one is charged', async () => {
    const earlier = stage.app.nest.get(EarlierAnswers);
    const whenEnded = earlier.whenEnded.bind(earlier);
    const waits: string[] = [];
    const { calls } = stage.provider;
    const answerNow = delayAnswers(stage.provider);
    earlier.whenEnded = (turnId, signal) => {
      waits.push(turnId);
      answerNow();
      return whenEnded(turnId, signal);
    };
    const first = stage.ada.chat('hi', KEY);
    await untilAsked(stage.provider, calls);
    // It waits for 100 ms at most, so on a slow machine the end may come too late for it, or it does not wait.
    await until(async () => {
      expect([200, 409]).toContain((await stage.ada.chat('hi', KEY)).status);
      return waits.length > 0;
    });
    const turn = (await first).headers['turn-id'];
    expect(waits[0]).toBe(turn);
    earlier.whenEnded = whenEnded;
    const { headers } = await stage.ada.chat('hi', KEY);
    expect([headers['idempotent-replayed'], headers['turn-id']]).toEqual(['true', turn]);
    expect([stage.provider.calls - calls, await stage.ada.balance()]).toEqual([1, 3900]);
  });
});

// SQLite serves one process.
const postgres = databaseKinds.filter((kind) => kind === 'postgres');

describe.each(postgres)('a chat whose key another process takes, on %s', (kind) => {
  const stage = stageBalanced(kind);

  it('is not planned again, and gets the answer of the other process for one charge', async () => {
    const other = await TestApp.start(kind, { DATABASE_URL: stage.app.databaseUrl });
    try {
      const { token, username } = stage.ada;
      const elsewhere = other.callerOf(token, username);
      const planner = stage.app.nest.get(Planner);
      const plan = planner.plan.bind(planner);
      let plans = 0;
      let winner: Answer | undefined;
      planner.plan = async (...asked) => {
        plans += 1;
        winner ??= await elsewhere.chat('hi', KEY);
        return plan(...asked);
      };
      const { calls } = stage.provider;
      const loser = await stage.ada.chat('hi', KEY);
      planner.plan = plan;
      expect([winner?.status, loser.status, plans]).toEqual([200, 200, 1]);
      expect(loser.headers['idempotent-replayed']).toBe('true');
      expect(loser.headers['turn-id']).toBe(winner?.headers['turn-id']);
      expect([stage.provider.calls - calls, await stage.ada.balance()]).toEqual([0, 3900]);
    } finally {
      await other.close();
    }
  });
});
