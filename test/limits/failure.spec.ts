import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { HashProbe } from '../support/hash-probe.js';

const postgres = databaseKinds.filter((kind) => kind === 'postgres');

describe.each(postgres)('limits that cannot be counted on %s', (kind) => {
  let app: TestApp;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start(kind, { RATE_LIMITS: 'on' });
    ada = await app.newUser();
    await app.database.rows('ALTER TABLE rate_counters RENAME TO rate_counters_away');
  });
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
    await app.database.rows('ALTER TABLE rate_counters_away RENAME TO rate_counters');
    const { headers } = await ada.chat('hi');
    expect(headers['ratelimit']).toMatch(/^"spend";r=\d+/);
  });
});
