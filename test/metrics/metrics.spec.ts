import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WalletWatch } from '../../src/wallet/wallet-watch.js';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { freePort } from '../support/free-port.js';

/** The value of one series; undefined where there is none. */
function valueOf(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

describe.each(databaseKinds)('metrics on %s', (kind) => {
  let app: TestApp;
  let port: number;
  let scrape: () => Promise<string>;

  beforeAll(async () => {
    port = await freePort();
    app = await TestApp.start(kind, { METRICS_PORT: String(port), RATE_LIMITS: 'on' });
    scrape = async () => (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
  });
  afterAll(() => app.close());

  it('counts the tokens of a grant and of each charge, once they are on disk, and none for a 402', async () => {
    const ada = await app.newUser();
    for (const message of ['one', 'two', 'three']) {
      expect((await ada.chat(message)).status).toBe(200);
    }
    await app.database.rows('UPDATE wallets SET balance = 50');
    expect((await ada.chat('four')).status).toBe(402);
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

  it('has a series for what is known in advance alone, whatever callers send', async () => {
    await app.send({ path: '/nowhere/at/all' });
    await app.send({ path: '/%zz' });
    await app.send({ method: 'PROPFIND', path: '/api/chat/' });
    await app.send({ path: '/api/conversations/0198a4f2-0000-7000-8000-000000000000/' });
    const text = await scrape();
    expect(text).not.toMatch(/nowhere|zz|PROPFIND|0198a4f2/);
    expect(text).toContain('route="none"');
    expect(text).toContain('route="/api/conversations/:id"');
  });

  it('tells queues, the event loop, the sweeper and what limits refused', async () => {
    for (let n = 0; n < 21; n += 1) {
      await app.post('/api/register/', { username: `u${String(n)}`, password: 'x' });
    }
    const text = await scrape();
    for (const queue of ['writes', 'charges', 'hashes', 'requests']) {
      expect(valueOf(text, `tallychat_queue_depth{queue="${queue}"}`)).toBe(0);
    }
    expect(valueOf(text, 'nodejs_eventloop_lag_seconds')).toBeGreaterThanOrEqual(0);
    const swept = valueOf(text, 'tallychat_sweeper_last_success_timestamp_seconds') ?? 0;
    expect(Math.abs(Date.now() / 1000 - swept)).toBeLessThan(60);
    expect(valueOf(text, 'tallychat_limits_hit_total{limit="register"}')).toBeGreaterThan(0);
    const pool = valueOf(text, 'tallychat_database_connections{state="open"}');
    if (kind === 'postgres') expect(pool).toBeGreaterThan(0);
    else expect(pool).toBeUndefined();
  });

  it('compares wallets with their entries, and tells one that differs', async () => {
    const watch = app.nest.get(WalletWatch);
    const wrong = async () => {
      const text = await scrape();
      return valueOf(text, 'tallychat_audited_wallets_total{result="wrong"}') ?? 0;
    };
    // The wallet whose balance a spec above has set by hand.
    const before = await wrong();
    await watch.next();
    expect((await wrong()) - before).toBe(1);
    await app.database.rows(`UPDATE wallets SET balance = 3700 WHERE balance = 50`);
    await watch.next();
    expect((await wrong()) - before).toBe(1);
    await app.database.rows(`UPDATE wallets SET held = 1`);
    await watch.next();
    expect(await wrong()).toBeGreaterThan(before + 1);
    await app.database.rows(`UPDATE wallets SET held = 0`);
  });

  it('answers nothing but /metrics there, and /metrics nowhere else', async () => {
    const base = `http://127.0.0.1:${String(port)}`;
    expect((await fetch(`${base}/api/token-balance/`)).status).toBe(404);
    expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(404);
    expect((await app.send({ path: '/metrics' })).status).toBe(404);
  });
});
