import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { Gate } from '../support/gated-answers.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { QueryProbe } from '../support/query-probe.js';
import { until } from '../support/until.js';

/** The slowest text for a plain search: every letter could start a match. */
const MESSAGE = 'a'.repeat(100_000);
const WANTED = `${'a'.repeat(199)}b`;
const TURNS = 40;
/** The steps of one search. A step ends with the turn that fills a quarter of a mebibyte. */
const STEPS = Math.ceil(TURNS / Math.ceil(2 ** 18 / (2 * MESSAGE.length)));

describe.each(databaseKinds)('a slow search on %s', (kind) => {
  let app: TestApp;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    ada = await app.newUser();
    for (let n = 0; n < TURNS; n += 1) await ada.chat(MESSAGE);
  });
  afterAll(() => app.close());

  const search = (caller: Caller, text = WANTED, signal?: AbortSignal) =>
    caller.send('GET', `/api/chat/?search=${text}`, undefined, {}, signal);
  const milliseconds = async (ask: () => Promise<unknown>) => {
    const startedAt = performance.now();
    await ask();
    return performance.now() - startedAt;
  };

  it('does not tell what long turns of another user contain', async () => {
    const [bob, eve] = [await app.newUser(), await app.newUser()];
    // Both turns have the same number in the history of their owner.
    expect((await bob.chat(`${'a'.repeat(5000)} hidden`)).status).toBe(200);
    expect((await eve.chat('a'.repeat(5000))).status).toBe(200);
    expect((await search(eve, 'hidden')).body.results).toEqual([]);
    expect((await search(bob, 'hidden')).body.results).toHaveLength(1);
  });

  it('takes time in proportion to the texts', async () => {
    let [hardMs, shortMs, easyMs] = [Infinity, Infinity, Infinity];
    // With a comparison at every letter, a hard search takes some forty times as long, and with eight comparisons a short
    // one takes some four times as long.
    const isSlow = () => hardMs >= 10 * easyMs || shortMs >= 2 * hardMs;
    // The shortest of many times is similar on a busy machine.
    for (let n = 0; n < 5 || (n < 12 && isSlow()); n += 1) {
      hardMs = Math.min(hardMs, await milliseconds(() => search(ada)));
      shortMs = Math.min(shortMs, await milliseconds(() => search(ada, 'aaaaaaab')));
      easyMs = Math.min(easyMs, await milliseconds(() => search(ada, 'b'.repeat(WANTED.length))));
    }
    expect(hardMs).toBeLessThan(10 * easyMs);
    expect(shortMs).toBeLessThan(2 * hardMs);
  });

  it('leaves the database to others for as long as each step took', async () => {
    const bob = await app.newUser();
    const provider = new ProviderProbe(app.nest);
    const asked = new Gate();
    const answer = new Gate();
    provider.delayWith(() => {
      asked.open();
      return answer.opened;
    });
    const chatting = bob.chat('Hello');
    await asked.opened;
    const probe = new QueryProbe(app.nest);
    expect((await search(ada)).body.results).toEqual([]);
    answer.open();
    expect((await chatting).status).toBe(200);
    const steps = probe.timesOf('history.search_long');
    probe.stop();
    expect(steps).toHaveLength(STEPS);
    for (const [n, { startedAt }] of steps.entries()) {
      const before = steps[n - 1];
      if (!before) continue;
      // A timer may end a millisecond early.
      const tookMs = before.endedAt - before.startedAt - 2;
      expect(startedAt - before.endedAt).toBeGreaterThanOrEqual(tookMs);
    }
    expect(await bob.balance()).toBe(3900);
  });

  it('reads about a quarter of a mebibyte at a time, and keeps the event loop free', async () => {
    const probe = new QueryProbe(app.nest);
    const delaysMs: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      const delay = monitorEventLoopDelay({ resolution: 5 });
      delay.enable();
      const took = await milliseconds(async () => {
        expect((await search(ada)).body.results).toEqual([]);
      });
      delay.disable();
      // On a busy machine each of the steps is long, but none is most of the search.
      delaysMs.push(delay.max / 1e6 - Math.max(250, took / 2));
    }
    expect(probe.count('history.search_long')).toBe(3 * STEPS);
    expect(Math.min(...delaysMs)).toBeLessThan(0);
  });

  it('needs as few queries for a small page of long turns as for a large one', async () => {
    const eve = await app.newUser();
    for (let n = 0; n < 20; n += 1)
      await eve.chat(`${n === 7 ? 'needle ' : ''}${'b'.repeat(5000)}`);
    const probe = new QueryProbe(app.nest);
    const { body } = await eve.get('/api/chat/?search=needle&page_size=1');
    expect((body as { results: unknown[]; next: unknown }).results).toHaveLength(1);
    expect((body as { next: unknown }).next).toBeNull();
    expect(probe.count('history.search_long')).toBe(1);
  });

  it('runs one at a time for each user, and others are answered in between', async () => {
    const bob = await app.newUser();
    const probe = new QueryProbe(app.nest);
    const searches = Promise.all(Array.from({ length: 8 }, () => search(ada)));
    const startedAt = performance.now();
    const searching = { isOver: false };
    void searches.finally(() => (searching.isOver = true));
    const waits: number[] = [];
    while (!searching.isOver) waits.push(await milliseconds(() => bob.balance()));
    for (const { status, headers, body } of await searches) {
      expect([200, 429]).toContain(status);
      if (status === 429) expect([headers['retry-after'], body.code]).toEqual(['1', 'throttled']);
    }
    expect(probe.count('history.search_long')).toBeLessThanOrEqual(8 * STEPS);
    expect(Math.max(...waits)).toBeLessThan(Math.max(1000, (performance.now() - startedAt) / 2));
    expect((await search(ada, 'dummy')).body.results.length).toBeGreaterThan(1);
    expect(await ada.balance()).toBe(4000 - 100 * TURNS);
  });

  it('finds text in long and short turns, in order, page by page', async () => {
    const bob = await app.newUser({ tokens: 100_000 });
    const long = 'Grün'.repeat(1000);
    const texts = [
      'one',
      `${long}two`,
      'needle',
      `${long}NEEDLE`,
      long,
      'a Needle',
      `needle${long}`,
    ];
    for (const text of texts) await bob.chat(text);
    const pages: string[][] = [];
    let path = '/api/chat/?search=nEEdle&page_size=3';
    while (path !== '') {
      const { body } = await bob.get(path);
      const { results, next } = body as { results: { message: string }[]; next: string | null };
      pages.push(results.map(({ message }) => message));
      path = (next ?? '').slice(app.url.length);
    }
    const having = texts.filter((text) => /needle/i.test(text)).reverse();
    // By their lengths and ends: a difference of long texts is a long report.
    const short = (all: string[]) => all.map((one) => `${String(one.length)} ${one.slice(-8)}`);
    expect(pages.map(short)).toEqual([short(having.slice(0, 3)), short(having.slice(3))]);
    expect(await bob.balance()).toBe(100_000 - 100 * texts.length);
  });

  it('finds turns across the gaps that deleted turns leave, without a step for every part of a gap', async () => {
    const kim = await app.newUser();
    const probe = new QueryProbe(app.nest);
    for (const n of [0, 1, 2]) await kim.chat(`a gap ${String(n)}`);
    await app.database.rows(
      `UPDATE turns SET ordinal = 5000000 * ordinal WHERE message LIKE 'a gap %'`,
    );
    const { body } = await kim.get('/api/chat/?search=A+GAP&page_size=2');
    const { results, next } = body as { results: { message: string }[]; next: string };
    const { body: rest } = await kim.get(next.slice(app.url.length));
    const { results: oldest, previous } = rest as { results: typeof results; previous: string };
    const all = [...results, ...oldest];
    expect(all.map(({ message }) => message)).toEqual(['a gap 2', 'a gap 1', 'a gap 0']);
    const { body: back } = await kim.get(previous.slice(app.url.length));
    expect((back as { results: unknown }).results).toEqual(results);
    expect((await kim.get('/api/chat/?search=no+such+text')).body).toMatchObject({ results: [] });
    // Each of the four searches takes two steps for a turn at most.
    expect(probe.count('history.search')).toBeLessThanOrEqual(4 * 2 * 3);
    probe.stop();
  });

  it('is not started if the client left while it waited', async () => {
    const probe = new QueryProbe(app.nest);
    const leaving = new AbortController();
    const all = Array.from({ length: 6 }, () => search(ada, WANTED, leaving.signal));
    await until(() => probe.count('history.search_long') > 0);
    leaving.abort();
    await Promise.allSettled(all);
    await search(ada);
    expect(probe.count('history.search_long')).toBeLessThan(7 * STEPS);
  });
});
