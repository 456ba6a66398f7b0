import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { modelsOf } from '../support/models-file.js';
import { until } from '../support/until.js';
import { Upstream, type UpstreamCall } from '../support/upstream.js';

const SPEND = 6;
const REPEATS = 20;

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
    app = await TestApp.start(kind, {
      ...modelsOf(upstream.baseUrl, ['fails']),
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
    const ask = () =>
      ada.send(
        'POST',
        '/api/chat/',
        { model: 'flat:fails', message: 'Hi' },
        { 'Idempotency-Key': 'k' },
      );
    const first = ask();
    await until(() => upstream.calls.length === 1);
    const repeats = await Promise.all(Array.from({ length: REPEATS }, ask));
    const statuses = repeats.map(({ status }) => status);
    expect(statuses.filter((status) => status === 409)).toHaveLength(SPEND - 1);
    expect(statuses.filter((status) => status === 429)).toHaveLength(REPEATS - SPEND + 1);
    failFirst();
    expect((await first).status).toBe(502);
    // The key is free again, and the limit is used up.
    expect((await ask()).status).toBe(429);
    expect(upstream.calls).toHaveLength(1);
    expect(await ada.balance()).toBe(4000);
    expect(await app.database.count('ledger_entries', `kind = 'charge'`)).toBe(0);
  });
});
