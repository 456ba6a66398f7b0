import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { HoldsService } from '../../src/wallet/holds/holds.service.js';
import { WalletChecker } from '../../src/wallet/wallet-checker.js';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { freePort } from '../support/free-port.js';
import { modelsOf } from '../support/models-file.js';
import { noteOf } from '../support/note.js';
import { Upstream } from '../support/upstream.js';

/** Returns the value of one series. Returns undefined if the series does not exist. */
function valueOf(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

describe.each(databaseKinds)('metrics on %s', (kind) => {
  let app: TestApp;
  let port: number;
  let upstream: Upstream;
  let scrape: () => Promise<string>;

  beforeAll(async () => {
    port = await freePort();
    upstream = await Upstream.start({
      well: async (call) => {
        await call.open().delta('Hello');
        await call.finish();
        await call.end();
      },
      broken: (call) => {
        call.open(500, 'application/json').response.end('{}');
      },
    });
    app = await TestApp.start(kind, {
      ...modelsOf(upstream.baseUrl, ['well', 'broken']),
      METRICS_PORT: String(port),
      RATE_LIMITS: 'on',
    });
    scrape = async () => (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  it('counts the tokens of a grant and of each charge, once they are on disk, and none for a 402', async () => {
    const ada = await app.newUser();
    for (const message of ['one', 'two', 'three']) {
      expect((await ada.send('POST', '/api/chat/', { message, model: 'echo' })).status).toBe(200);
    }
    await app.database.rows('UPDATE wallets SET balance = 50');
    expect((await ada.send('POST', '/api/chat/', { message: 'four', model: 'echo' })).status).toBe(
      402,
    );
    const text = await scrape();
    expect(valueOf(text, 'tallychat_tokens_granted_total')).toBe(4000);
    expect(valueOf(text, 'tallychat_tokens_charged_total')).toBe(300);
    expect(valueOf(text, 'tallychat_tokens_held_total')).toBe(0);
    expect(valueOf(text, 'tallychat_open_holds')).toBe(0);
    expect(valueOf(text, 'tallychat_oldest_open_hold_age_seconds')).toBe(0);
    expect(valueOf(text, 'tallychat_refusals_total{code="insufficient_tokens"}')).toBe(1);
    const chats = 'tallychat_http_request_duration_seconds_count';
    const labels = 'method="POST",route="/api/chat"';
    expect(valueOf(text, `${chats}{${labels},status="200"}`)).toBe(3);
    expect(valueOf(text, `${chats}{${labels},status="402"}`)).toBe(1);
    expect(await app.database.differences()).toHaveLength(1);
  });

  it("counts a provider's answers: the first word, the end, and failures by their code", async () => {
    const ada = await app.newUser();
    for (const model of ['flat:well', 'flat:well', 'flat:broken']) {
      await ada.send('POST', '/api/chat/', { message: 'hello', model });
    }
    const text = await scrape();
    const provider = 'provider="loopback"';
    const calls = 'tallychat_provider_duration_seconds_count';
    expect(valueOf(text, `${calls}{${provider},outcome="answered"}`)).toBe(2);
    expect(valueOf(text, `${calls}{${provider},outcome="failed"}`)).toBe(1);
    expect(valueOf(text, `tallychat_provider_first_word_seconds_count{${provider}}`)).toBe(2);
    const failures = `tallychat_provider_failures_total{${provider},kind="provider_failed"}`;
    expect(valueOf(text, failures)).toBe(1);
    // Three holds of the price were made. Two were captured in full, and one was released.
    expect(valueOf(text, 'tallychat_tokens_held_total')).toBe(300);
    expect(valueOf(text, 'tallychat_tokens_released_total')).toBe(100);
    expect(await ada.balance()).toBe(3800);
  });

  it('counts what a request with a key holds, and what expires apart from what is released', async () => {
    const ada = await app.newUser();
    const ownerId = await app.ownerOf(ada);
    const names = ['held', 'charged', 'released', 'expired'];
    const totals = async () => {
      const text = await scrape();
      return names.map((name) => valueOf(text, `tallychat_tokens_${name}_total`) ?? NaN);
    };
    const before = await totals();
    const ask = { message: 'hello', model: 'flat:well' };
    const keyed = await ada.send('POST', '/api/chat/', ask, { 'Idempotency-Key': 'one' });
    expect(keyed.status).toBe(200);
    const [holds, work] = [app.nest.get(HoldsService), app.nest.get(UnitOfWork)];
    const make = (amount: number) => work.run((tx) => holds.hold(tx, { ownerId, amount }));
    const [paid, late] = [await make(70), await make(9)];
    await work.run((tx) => holds.capture(tx, paid.id, 50, noteOf('spec', ownerId)));
    await work.run((tx) => holds.release(tx, late.id, 'expired'));
    const gained = (await totals()).map((total, n) => total - (before[n] ?? NaN));
    expect(gained).toEqual([179, 150, 20, 9]);
    expect(await ada.balance()).toBe(3850);
  });

  it('has labels from closed sets only, whatever callers send', async () => {
    await app.send({ path: '/nowhere/at/all' });
    await app.send({ path: '/%zz' });
    await app.send({ method: 'PROPFIND', path: '/api/chat/' });
    await app.send({ path: '/api/conversations/0198a4f2-0000-7000-8000-000000000000/' });
    const text = await scrape();
    expect(text).not.toMatch(/nowhere|zz|PROPFIND|0198a4f2/);
    expect(text).toContain('route="none"');
    expect(text).toContain('route="/api/conversations/:id"');
  });

  it('reports queues, the event loop, the sweeper and limits', async () => {
    for (let n = 0; n < 21; n += 1) {
      await app.post('/api/register/', { username: `u${String(n)}`, password: 'x' });
    }
    const text = await scrape();
    for (const queue of ['writes', 'charges', 'hashes', 'requests', 'arrivals']) {
      expect(valueOf(text, `tallychat_queue_depth{queue="${queue}"}`)).toBe(0);
    }
    expect(valueOf(text, 'nodejs_eventloop_lag_seconds')).toBeGreaterThanOrEqual(0);
    const swept = valueOf(text, 'tallychat_sweeper_last_success_timestamp_seconds') ?? 0;
    expect(Math.abs(Date.now() / 1000 - swept)).toBeLessThan(60);
    expect(valueOf(text, 'tallychat_limits_hit_total{limit="register"}')).toBeGreaterThan(0);
    const pool = valueOf(text, 'tallychat_database_connections{state="open"}');
    const awaited = valueOf(text, 'tallychat_database_connections{state="awaited"}');
    if (kind === 'postgres') expect(pool).toBeGreaterThan(0);
    else expect(pool).toBeUndefined();
    // Prometheus' request reads the database itself. No caller waits for a connection meanwhile.
    expect(awaited).toBe(kind === 'postgres' ? 0 : undefined);
  });

  it('compares wallets with their entries, and reports a difference', async () => {
    const watch = app.nest.get(WalletChecker);
    const wrong = async () => {
      const text = await scrape();
      return valueOf(text, 'tallychat_audited_wallets_total{result="wrong"}') ?? 0;
    };
    // An earlier case has changed the balance of this wallet in the database.
    const before = await wrong();
    await watch.checkNext();
    expect((await wrong()) - before).toBe(1);
    await app.database.rows(`UPDATE wallets SET balance = 3700 WHERE balance = 50`);
    await watch.checkNext();
    expect((await wrong()) - before).toBe(1);
    await app.database.rows(`UPDATE wallets SET held = 1`);
    await watch.checkNext();
    expect(await wrong()).toBeGreaterThan(before + 1);
    await app.database.rows(`UPDATE wallets SET held = 0`);
  });

  it('shows all other metrics while the database cannot be read', async () => {
    await app.database.rows('ALTER TABLE holds RENAME TO holds_away');
    try {
      const answer = await fetch(`http://127.0.0.1:${String(port)}/metrics`);
      const text = await answer.text();
      expect(answer.status).toBe(200);
      expect(valueOf(text, 'tallychat_open_holds')).toBeUndefined();
      expect(valueOf(text, 'tallychat_oldest_open_hold_age_seconds')).toBeUndefined();
      expect(valueOf(text, 'tallychat_tokens_charged_total')).toBeGreaterThan(0);
      expect(valueOf(text, 'nodejs_eventloop_lag_seconds')).toBeDefined();
    } finally {
      await app.database.rows('ALTER TABLE holds_away RENAME TO holds');
    }
    expect(valueOf(await scrape(), 'tallychat_open_holds')).toBeDefined();
  });

  it('serves only /metrics on its port, and /metrics on no other port', async () => {
    const base = `http://127.0.0.1:${String(port)}`;
    expect((await fetch(`${base}/api/token-balance/`)).status).toBe(404);
    expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(404);
    expect((await app.send({ path: '/metrics' })).status).toBe(404);
  });
});
