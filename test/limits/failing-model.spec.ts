import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { HalfSentRequest } from '../support/half-sent-request.js';
import { FLAT, modelsFile } from '../support/models-file.js';
import { until } from '../support/until.js';
import { Upstream, type UpstreamCall } from '../support/upstream.js';

const SPEND = 6;
const REPEATS = 20;
/** A body of more than 64 KiB is read only when its caller has been counted. */
const LONG_MESSAGE = 'm'.repeat(70_000);

describe.each(databaseKinds)('the limit on spending, with a model that fails, on %s', (kind) => {
  let upstream: Upstream;
  let app: TestApp;
  let failFirst: () => void = () => undefined;

  beforeAll(async () => {
    const isReleased = new Promise<void>((resolve) => {
      failFirst = resolve;
    });
    const fail = async (call: UpstreamCall) => {
      await isReleased;
      call.open(500, 'application/json').response.end('{}');
    };
    upstream = await Upstream.start({ fails: fail });
    const limits = { contextTokens: 100_000, maxTokens: 100 };
    app = await TestApp.start(kind, {
      ...modelsFile({
        providers: { loopback: { baseUrl: upstream.baseUrl } },
        models: [{ id: 'm', provider: 'loopback', upstream: 'fails', price: FLAT, ...limits }],
      }),
      RATE_LIMITS: 'on',
      RATE_LIMIT_SPEND: `${String(SPEND)}/m`,
      PROVIDER_REST_SECONDS: '0',
    });
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  it('counts a repetition of a key whose answer still runs, because it may be the next to run', async () => {
    const ada = await app.newUser();
    const question = { model: 'm', message: LONG_MESSAGE };
    const headers = { Authorization: `Token ${ada.token}`, 'Idempotency-Key': 'k' };
    const first = ada.send('POST', '/api/chat/', question, { 'Idempotency-Key': 'k' });
    await until(() => upstream.calls.length === 1);
    const repeats = Array.from(
      { length: REPEATS },
      () => new HalfSentRequest(`${app.url}/api/chat/`, question, headers),
    );
    await Promise.all(repeats.map((repeat) => repeat.begin()));
    // So that they are counted while the first one runs. If not, the bound holds as well.
    await sleep(300);
    failFirst();
    expect((await first).status).toBe(502);
    const statuses = await Promise.all(
      repeats.map(async (repeat) => {
        void repeat.finish();
        const answer = await repeat.answer;
        answer.resume();
        return answer.statusCode;
      }),
    );
    expect(statuses.filter((status) => status === 429)).toHaveLength(REPEATS - SPEND + 1);
    expect(upstream.calls.length).toBeLessThanOrEqual(SPEND);
    repeats.forEach((repeat) => {
      repeat.disconnect();
    });
    expect(await ada.balance()).toBe(4000);
    expect(await app.database.count('ledger_entries', `kind = 'charge'`)).toBe(0);
  });
});
