import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';

describe('Accept on a chat', () => {
  let app: TestApp;
  let ada: Caller;
  beforeAll(async () => {
    app = await TestApp.start();
    ada = await app.newUser();
  });
  afterAll(() => app.close());

  it.each([
    ['application/json, text/event-stream;q=0', 'application/json'],
    ['application/json, text/event-stream', 'application/json'],
    ['text/event-stream;q=0.1, application/json', 'application/json'],
    ['text/event-stream', 'text/event-stream; charset=utf-8'],
    ['text/event-stream, application/json;q=0.5', 'text/event-stream; charset=utf-8'],
  ])('%s is answered as %s, and charged once', async (accept, type) => {
    const before = await ada.balance();
    const { status, headers } = await ada.chat('hi', { Accept: accept });
    expect([status, headers['content-type']]).toEqual([200, type]);
    expect(await ada.balance()).toBe(before - 100);
  });
});
