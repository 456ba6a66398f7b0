import { describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds, type DatabaseKind } from '../support/databases.js';
import { QueryProbe } from '../support/query-probe.js';
import { EventReader } from '../support/sse.js';
import { stageModels } from '../support/stages.js';
import { StatementLog } from '../support/statement-log.js';
import { until } from '../support/until.js';
import type { UpstreamCall } from '../support/upstream.js';

const wordy = async (call: UpstreamCall) => {
  call.open();
  await call.delta('first ');
  await call.aborted;
};

/** Starts the service, and returns what begins an answer of it and what checks its end. */
function stageAnswers(kind: DatabaseKind) {
  const stage = stageModels(kind, { wordy });
  const begin = async (caller: Caller) => {
    const body = { message: 'Hi', model: 'flat:wordy', stream: true };
    const reader = await EventReader.open(stage.app.url, caller, body);
    await reader.until('delta');
    return { reader, path: `/api/chat/${String(reader.incoming.headers['turn-id'])}/stop/` };
  };
  const expectOneCharge = async (caller: Caller, reader: EventReader) => {
    expect((await reader.until('done')).content).toMatchObject({
      ...{ response: 'first ', finish_reason: 'cancelled', tokens_charged: 100 },
    });
    expect(await caller.balance()).toBe(3900);
    expect(await stage.app.database.count('holds', `state = 'open'`)).toBe(0);
    expect(await stage.app.database.unbalancedWallets()).toEqual([]);
  };
  return { stage, begin, expectOneCharge };
}

describe.each(databaseKinds)('a stop that waits for the end of its answer, on %s', (kind) => {
  const { stage, begin, expectOneCharge } = stageAnswers(kind);

  it('is answered when the charge is committed, and polls at growing intervals until then', async () => {
    const ada = await stage.app.newUser();
    const { reader, path } = await begin(ada);
    const probe = new QueryProbe(stage.app.nest);
    let isAnswered = false;
    let stopping: Promise<number> | undefined;
    await stage.app.database.inTransaction(async (rows) => {
      await rows('UPDATE wallets SET held = held');
      stopping = ada.send('POST', path).then(({ status }) => {
        isAnswered = true;
        return status;
      });
      // With pauses that double without a limit, five seconds are too short for ten looks.
      await until(() => isAnswered || probe.count('hold.state') >= 10);
      expect(isAnswered).toBe(false);
    });
    expect(await stopping).toBe(204);
    const looks = probe.timesOf('hold.state');
    const [before = NaN, last = NaN] = looks.slice(8, 10).map(({ startedAt }) => startedAt);
    expect(last - before).toBeGreaterThan(100);
    probe.stop();
    await expectOneCharge(ada, reader);
  });

  it('is refused without a statement if the text is no id', async () => {
    const ada = await stage.app.newUser();
    const log = StatementLog.of(stage.app.nest);
    const statements = await log.during(async () => {
      expect((await ada.send('POST', '/api/chat/none/stop/')).status).toBe(404);
    });
    expect(statements.map(({ name }) => name)).not.toContain('hold.stop');
  });
});

// SQLite serves one process.
const postgres = databaseKinds.filter((kind) => kind === 'postgres');

describe.each(postgres)('a stop in another process, on %s', (kind) => {
  const { stage, begin, expectOneCharge } = stageAnswers(kind);

  it('ends the answer for its owner alone, and charges once', async () => {
    const other = await TestApp.start(kind, { DATABASE_URL: stage.app.databaseUrl });
    try {
      const [ada, eve] = [await stage.app.newUser(), await stage.app.newUser()];
      const { reader, path } = await begin(ada);
      const stop = async ({ token, username }: Caller) =>
        (await other.callerOf(token, username).send('POST', path)).status;
      expect(await stop(eve)).toBe(404);
      expect(stage.upstream.last.isAborted).toBe(false);
      expect(await stop(ada)).toBe(204);
      await expectOneCharge(ada, reader);
      expect([await stop(ada), await eve.balance()]).toEqual([404, 4000]);
    } finally {
      await other.close();
    }
  });
});
