import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';

const toCapitals = (id: string) => id.toUpperCase();

describe.each(databaseKinds)('an id in capitals on %s', (kind) => {
  let app: TestApp;
  let ada: Caller;
  let conversation: string;
  let turn: string;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  beforeEach(async () => {
    ada = await app.newUser();
    const { headers } = await ada.chat('one');
    conversation = String(headers['conversation-id']);
    turn = String(headers['turn-id']);
    expect(toCapitals(turn)).not.toBe(turn);
  });
  afterAll(() => app.close());

  it('is found in paths', async () => {
    const path = `/api/conversations/${toCapitals(conversation)}/`;
    const read = await ada.get(path);
    expect([read.status, (read.body as { id: string }).id]).toEqual([200, conversation]);
    expect((await ada.send('PATCH', path, { title: 'renamed' })).status).toBe(200);
    expect((await ada.get(`${path}messages/`)).status).toBe(200);
    expect((await ada.get(`${path}export/`)).status).toBe(200);
    expect((await ada.get(`/api/chat/${toCapitals(turn)}/`)).status).toBe(200);
  });

  it('is found in bodies, and is the same request under a key', async () => {
    const ask = (id: string) =>
      ada.send(
        'POST',
        '/api/chat/',
        { message: 'more', conversation: id },
        { 'Idempotency-Key': 'k' },
      );
    const [first, again] = [await ask(toCapitals(conversation)), await ask(conversation)];
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(first.headers['conversation-id']).toBe(conversation);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(await ada.balance()).toBe(3800);
    const quote = { message: 'more', conversation: toCapitals(conversation) };
    expect((await ada.send('POST', '/api/chat/quote/', quote)).status).toBe(200);
  });

  it('is found in queries and in cursors', async () => {
    await ada.chat('more');
    const { body } = await ada.get(`/api/wallet/ledger/?turn=${toCapitals(turn)}`);
    expect((body as { results: unknown[] }).results).toHaveLength(1);
    const cursor = Buffer.from(`newer:${toCapitals(turn)}`).toString('base64url');
    const page = await ada.get(`/api/chat/?cursor=${cursor}`);
    const messages = (page.body as { results: { message: string }[] }).results;
    expect(messages.map(({ message }) => message)).toEqual(['more']);
  });

  it('still gives 404 to other users', async () => {
    const eve = await app.newUser();
    for (const path of [
      `/api/conversations/${toCapitals(conversation)}/`,
      `/api/chat/${toCapitals(turn)}/`,
    ]) {
      expect((await eve.get(path)).status).toBe(404);
    }
  });

  it('is not changed in a search text', async () => {
    await ada.chat(`about ${toCapitals(turn)}`);
    const { body } = await ada.get(`/api/chat/?search=${toCapitals(turn)}`);
    expect((body as { results: unknown[] }).results).toHaveLength(1);
  });
});
