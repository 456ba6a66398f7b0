import { describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';

describe.each(databaseKinds)('the default limits on %s', (kind) => {
  it('let a user register, log in, spend the whole grant in forty chats, and read the balance', async () => {
    const app = await TestApp.start(kind, { RATE_LIMITS: 'on' });
    const credentials = { username: 'ada', password: PASSWORD };
    expect((await app.post('/api/register/', credentials)).status).toBe(201);
    const { body } = await app.post('/api/login/', credentials);
    const ada = app.callerOf((body as { token: string }).token, 'ada');
    for (let n = 0; n < 40; n += 1)
      expect((await ada.chat(`message ${String(n)}`)).status).toBe(200);
    const poor = await ada.chat('one more');
    expect([poor.status, poor.body]).toEqual([402, { error: 'Insufficient tokens' }]);
    const { body: balance, headers } = await ada.get('/api/token-balance/');
    expect(balance).toEqual({ tokens: 0 });
    expect(headers['ratelimit-policy']).toBe('"read";q=600;w=60');
    await app.close();
  });
});
