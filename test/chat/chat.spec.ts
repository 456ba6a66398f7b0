import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';

describe.each(databaseKinds)('POST /api/chat/ on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  it('answers for 100 tokens and saves the turn', async () => {
    const ada = await app.newUser();
    const { status, body, headers } = await ada.chat('  Hello  ');
    expect(status).toBe(200);
    expect(body).toEqual({
      message: 'Hello',
      response: "This is a dummy AI response to your message: 'Hello'",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    });
    expect([headers['tokens-charged'], headers['tokens-balance']]).toEqual(['100', '3900']);
    expect(await ada.balance()).toBe(3900);
    const [turn] = await ada.history();
    expect(turn).toMatchObject({
      id: headers['turn-id'],
      conversation: headers['conversation-id'],
      message: 'Hello',
      tokens: 100,
      status: 'complete',
      timestamp: body.timestamp,
    });
  });

  it('answers 402 and takes nothing when the balance is one token short', async () => {
    const ada = await app.newUser({ tokens: 99 });
    const { status, raw, headers } = await ada.chat('hi');
    expect([status, raw]).toEqual([402, '{"error":"Insufficient tokens"}']);
    expect([headers['tokens-required'], headers['tokens-available']]).toEqual(['100', '99']);
    expect(await ada.balance()).toBe(99);
    expect(await ada.history()).toEqual([]);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
});
