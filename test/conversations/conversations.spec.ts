import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { ProviderProbe } from '../support/provider-probe.js';
import {
  openConversation,
  sendMessage,
  delayAnswers,
  untilAsked,
} from '../support/conversations.js';

const UNKNOWN_ID = '0198bf9e-6c5b-7c1e-a3c7-9d2f4b8e6a10';
const NOT_FOUND = '{"detail":"Not found.","code":"not_found"}';

describe.each(databaseKinds)('/api/conversations/ on %s', (kind) => {
  let app: TestApp;
  let provider: ProviderProbe;

  beforeAll(async () => {
    app = await TestApp.start(kind, { OPENING_GRANT: '100000' });
    provider = new ProviderProbe(app.nest);
  });
  afterEach(() => {
    provider.delayWith(undefined);
  });
  afterAll(() => app.close());

  it('opens, reads, changes and deletes a conversation, free of charge', async () => {
    const ada = await app.newUser();
    const { status, body } = await ada.send('POST', '/api/conversations/', {
      title: '  Trip ',
      model: 'echo',
      system: 'Be brief.',
    });
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect([status, body]).toEqual([
      201,
      {
        id: expect.any(String),
        title: 'Trip',
        model: 'echo',
        system: 'Be brief.',
        created_at: time,
        updated_at: time,
      },
    ]);
    const path = `/api/conversations/${String(body.id)}/`;
    expect((await ada.get(path)).body).toEqual(body);
    const changed = await ada.send('PATCH', path, { title: 'Plan', system: null });
    expect([changed.status, changed.body]).toMatchObject([
      200,
      { title: 'Plan', model: 'echo', system: null, created_at: body.created_at },
    ]);
    expect((await ada.get(path)).body).toEqual(changed.body);
    const removed = await ada.send('DELETE', path);
    expect([removed.status, removed.raw]).toEqual([204, '']);
    expect((await ada.get(path)).status).toBe(404);
    expect(await ada.balance()).toBe(100_000);
  });

  it.each([
    [{ title: 'x'.repeat(81) }, 'title'],
    [{ system: 'x'.repeat(20_001) }, 'system'],
    [{ model: 'x'.repeat(201) }, 'model'],
    [{ model: 'oracle' }, 'model'],
    [{ title: ['a'] }, 'title'],
    [{ system: 'a\u0000b' }, 'system'],
  ])('refuses the settings %j', async (settings, field) => {
    const ada = await app.newUser();
    const id = await openConversation(ada, { title: 'Kept' });
    const created = await ada.send('POST', '/api/conversations/', settings);
    const changed = await ada.send('PATCH', `/api/conversations/${id}/`, settings);
    expect([created.status, Object.keys(created.body)]).toEqual([400, [field]]);
    expect([changed.status, changed.body]).toEqual([400, created.body]);
    const { body } = await ada.get('/api/conversations/');
    expect(body.results).toMatchObject([{ id, title: 'Kept', model: null, system: null }]);
  });

  it('lists only the caller’s own, newest first, in pages', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    await openConversation(bob);
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push(await openConversation(ada));
    const seen = [];
    let path: string | null = '/api/conversations/?page_size=2';
    while (path !== null) {
      const { body } = await ada.get(path);
      const { results, next } = body as { results: { id: string }[]; next: string | null };
      seen.push(...results.map(({ id }) => id));
      path = next === null ? null : next.slice(app.url.length);
    }
    expect(seen).toEqual(ids.reverse());
  });

  it.each([
    ['nobody’s', UNKNOWN_ID],
    ['malformed', 'none'],
    ['too long', '0'.repeat(300)],
    ['with a NUL', '%00'],
    ['like SQL', '%27%20OR%201=1--'],
  ])('answers 404 for an id that is %s', async (_, id) => {
    const ada = await app.newUser();
    const path = `/api/conversations/${id}/`;
    const answers = [
      await ada.get(path),
      await ada.send('PATCH', path, { title: 'x' }),
      await ada.send('DELETE', path),
      await ada.get(`${path}messages/`),
      await ada.send('POST', `${path}messages/`, { message: 'hi' }),
      await ada.get(`${path}export/`),
    ];
    expect(answers.map(({ status, raw }) => [status, raw])).toEqual(
      answers.map(() => [404, NOT_FOUND]),
    );
    expect(await ada.balance()).toBe(100_000);
  });

  it('answers 404 for another user’s conversation, and does not change it', async () => {
    const [ada, eve] = [await app.newUser(), await app.newUser()];
    const id = await openConversation(ada, { title: 'Private' });
    await sendMessage(ada, id, 'secret');
    const path = `/api/conversations/${id}/`;
    const answers = [
      await eve.get(path),
      await eve.send('PATCH', path, { title: 'Mine' }),
      await eve.send('DELETE', path),
      await eve.get(`${path}messages/`),
      await eve.send('POST', `${path}messages/`, { message: 'hi' }),
      await eve.send('POST', '/api/chat/', { message: 'hi', conversation: id }),
      await eve.send('POST', '/api/chat/quote/', { message: 'hi', conversation: id }),
      await eve.get(`${path}export/`),
    ];
    expect(answers.map(({ status, raw }) => [status, raw])).toEqual(
      answers.map(() => [404, NOT_FOUND]),
    );
    expect((await ada.get(path)).body.title).toBe('Private');
    expect(await ada.history()).toHaveLength(1);
    expect(await eve.balance()).toBe(100_000);
  });

  it('deletes its turns, and keeps their charges in the ledger', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada);
    await sendMessage(ada, id, 'to be forgotten');
    await ada.chat('to be kept');
    expect((await ada.send('DELETE', `/api/conversations/${id}/`)).status).toBe(204);
    expect(await app.database.count('turns', 'conversation_id = $1', [id])).toBe(0);
    expect((await ada.history()).map(({ message }) => message)).toEqual(['to be kept']);
    const { body } = await ada.get('/api/wallet/ledger/');
    expect((body.results as { amount: number }[]).map(({ amount }) => amount)).toEqual([
      -100, -100, 100_000,
    ]);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('refuses a deletion while an answer runs, so that a paid answer is saved', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada);
    const calls = provider.calls;
    const answerNow = delayAnswers(provider);
    const answer = sendMessage(ada, id, 'wait');
    await untilAsked(provider, calls);
    const refused = await ada.send('DELETE', `/api/conversations/${id}/`);
    expect([refused.status, refused.body.code]).toEqual([409, 'conversation_busy']);
    answerNow();
    expect((await answer).status).toBe(200);
    expect(await ada.history()).toHaveLength(1);
    expect((await ada.send('DELETE', `/api/conversations/${id}/`)).status).toBe(204);
    expect(await ada.history()).toEqual([]);
  });
});
