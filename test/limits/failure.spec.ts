import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { HashProbe } from '../support/hash-probe.js';
import { until } from '../support/until.js';

const postgres = databaseKinds.filter((kind) => kind === 'postgres');

describe.each(postgres)('limits that cannot be counted on %s', (kind) => {
  let app: TestApp;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start(kind, { RATE_LIMITS: 'on' });
  });
  beforeEach(async () => {
    ada = await app.newUser();
    await app.database.rows('ALTER TABLE rate_counters RENAME TO rate_counters_away');
  });
  const bringBack = () =>
    app.database.rows('ALTER TABLE IF EXISTS rate_counters_away RENAME TO rate_counters');
  afterEach(bringBack);
  afterAll(() => app.close());

  it('allow chats and reads, charged once', async () => {
    expect((await ada.chat('hi')).status).toBe(200);
    expect(await ada.balance()).toBe(3900);
  });

  it('refuse logins and registrations, without a hash', async () => {
    const hashes = new HashProbe();
    const credentials = { username: ada.username, password: PASSWORD };
    const begun = await hashes.during(async () => {
      for (const path of ['/api/login/', '/api/token/', '/api/register/']) {
        const { status, body, headers } = await app.post(path, credentials);
        expect([status, (body as { code: string }).code]).toEqual([503, 'unavailable']);
        expect(headers['retry-after']).toBe('1');
      }
    });
    hashes.stop();
    expect(begun).toBe(0);
  });

  it('are counted again once they can be', async () => {
    expect((await ada.chat('hi')).headers['ratelimit']).toBeUndefined();
    await bringBack();
    const { headers } = await ada.chat('hi');
    expect(headers['ratelimit']).toMatch(/^"spend";r=\d+/);
  });
});

describe.each(postgres)('limits while their table is locked on %s', (kind) => {
  let app: TestApp;
  let ada: Caller;

  /** Runs `work` while no counter can be changed. */
  async function whileLocked(work: () => Promise<void>): Promise<void> {
    await app.database.inTransaction(async (rows) => {
      await rows('LOCK TABLE rate_counters IN ACCESS EXCLUSIVE MODE');
      await work();
    });
  }

  beforeAll(async () => {
    app = await TestApp.start(kind, { RATE_LIMITS: 'on', RATE_LIMIT_SPEND: '2/h' });
  });
  beforeEach(async () => {
    ada = await app.newUser();
  });
  afterAll(() => app.close());

  it('refuse a chat if the statement of its counter is ended, and charge nothing', async () => {
    await whileLocked(async () => {
      const chat = ada.chat('hi');
      await until(async () => {
        const ended = await app.database.rows(
          `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%rate_counter.take%'`,
        );
        return ended.length > 0;
      });
      expect(await chat).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    });
    expect(await ada.balance()).toBe(4000);
  });

  it('accept no chat uncounted that waited for three seconds', async () => {
    const chats: ReturnType<Caller['chat']>[] = [];
    await whileLocked(async () => {
      chats.push(...['a', 'b', 'c', 'd'].map((message) => ada.chat(message)));
      await app.database.rows('SELECT pg_sleep(3)');
    });
    const statuses = (await Promise.all(chats)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 200, 429, 429]);
    expect(await ada.balance()).toBe(3800);
  });
});
