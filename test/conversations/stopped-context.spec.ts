import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConversationContext } from '../../src/conversations/conversation-context.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { modelsOf } from '../support/models-file.js';
import { EventReader } from '../support/sse.js';
import { openConversation } from '../support/conversations.js';
import { until } from '../support/until.js';
import { Upstream } from '../support/upstream.js';

/** The text that the model is sent for an answer that was stopped before its first word. */
const EMPTY_ANSWER_TEXT = '(The answer was stopped before its first word.)';

describe.each(databaseKinds)('the context after a stopped answer on %s', (kind) => {
  let upstream: Upstream;
  let app: TestApp;

  beforeAll(async () => {
    upstream = await Upstream.start({
      good: async (call) => {
        await call.open().delta('all of it');
        await call.finish();
        await call.end();
      },
      wordy: async (call) => {
        await call.open().delta('once upon');
        await call.aborted;
      },
      silent: (call) => {
        call.open();
      },
      broken: async (call) => {
        await call.open().delta('half of');
        call.reset();
      },
    });
    const models = modelsOf(upstream.baseUrl, ['good', 'wordy', 'silent', 'broken']);
    app = await TestApp.start(kind, { ...models, ANSWER_TIMEOUT_SECONDS: '2' });
  });
  afterAll(async () => {
    await app.close();
    await upstream.stop();
  });

  const sentMessages = () =>
    upstream.last.body.messages.map(({ role, content }) => [role, content]);

  /** Starts an answer, and leaves or stops it at the point where the model pauses. */
  const breakOff = async (
    caller: Caller,
    { model, how, ...more }: { model: string; how: 'leaves' | 'stops'; conversation?: string },
  ): Promise<string> => {
    const calls = upstream.calls.length;
    const body = { message: 'Tell me', model, stream: true, ...more };
    const reader = await EventReader.open(app.url, caller, body);
    const { turn, conversation } = (await reader.until('start')).content as Record<string, string>;
    await until(() => upstream.calls.length > calls);
    if (model.endsWith('wordy')) await reader.until('delta');
    if (how === 'leaves') reader.leave();
    else await caller.send('POST', `/api/chat/${turn ?? ''}/stop/`);
    await until(async () => (await caller.get(`/api/chat/${turn ?? ''}/`)).status === 200);
    return conversation ?? '';
  };

  const continueAt = async (caller: Caller, id: string, route: string) => {
    const path = route === 'chat' ? '/api/chat/' : `/api/conversations/${id}/messages/`;
    const body = { message: 'continue', ...(route === 'chat' && { conversation: id }) };
    expect((await caller.send('POST', path, body)).status).toBe(200);
  };

  it.each([
    ['leaves', 'chat'],
    ['stops', 'chat'],
    ['leaves', 'messages'],
    ['stops', 'messages'],
  ] as const)(
    'includes the first message if its caller %s, for a next message on the route %s',
    async (how, route) => {
      const ada = await app.newUser();
      const id = await breakOff(ada, { model: 'flat:wordy', how });
      await continueAt(ada, id, route);
      expect(sentMessages()).toEqual([
        ['user', 'Tell me'],
        ['assistant', 'once upon'],
        ['user', 'continue'],
      ]);
      expect(await ada.balance()).toBe(3800);
    },
  );

  it('says that an answer was stopped before its first word', async () => {
    const ada = await app.newUser();
    const conversation = await openConversation(ada);
    await breakOff(ada, { model: 'metered:silent', how: 'stops', conversation });
    await continueAt(ada, conversation, 'messages');
    expect(sentMessages()).toEqual([
      ['user', 'Tell me'],
      ['assistant', EMPTY_ANSWER_TEXT],
      ['user', 'continue'],
    ]);
  });

  it.each(['', ' \n'])(
    'says that an earlier message had no text, for a picture with %j',
    async (text) => {
      const ada = await app.newUser();
      const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
      const content = [picture, ...(text === '' ? [] : [{ type: 'text', text }])];
      const body = { model: 'flat:good', messages: [{ role: 'user', content }] };
      const { status, headers } = await ada.send('POST', '/v1/chat/completions', body);
      expect(status).toBe(200);
      await continueAt(ada, String(headers['conversation-id']), 'messages');
      expect(sentMessages()).toEqual([
        ['user', '(The message had no text.)'],
        ['assistant', 'all of it'],
        ['user', 'continue'],
      ]);
      expect(await ada.balance()).toBe(3800);
    },
  );

  it('includes an answer that ends after the context was read and before the price is held', async () => {
    const ada = await app.newUser();
    const body = { message: 'Tell me', model: 'flat:wordy', stream: true };
    const reader = await EventReader.open(app.url, ada, body);
    const { turn, conversation = '' } = (await reader.until('start')).content as Record<
      string,
      string
    >;
    await reader.until('delta');
    const context = app.nest.get(ConversationContext);
    const read = context.read.bind(context);
    const readAndStop: typeof read = async (...asked) => {
      Reflect.deleteProperty(context, 'read');
      const messages = await read(...asked);
      const stopped = await ada.send('POST', `/api/chat/${turn ?? ''}/stop/`);
      expect([messages, stopped.status]).toEqual([[], 204]);
      return messages;
    };
    Reflect.set(context, 'read', readAndStop);
    await continueAt(ada, conversation, 'chat');
    expect(sentMessages()).toEqual([
      ['user', 'Tell me'],
      ['assistant', 'once upon'],
      ['user', 'continue'],
    ]);
    expect(await ada.balance()).toBe(3800);
    expect(await app.database.count('holds', `state = 'open'`)).toBe(0);
  });

  it('includes an answer that the time limit cut, and no failed answer', async () => {
    const ada = await app.newUser();
    const conversation = await openConversation(ada);
    const body = { message: 'Fail', model: 'flat:broken', conversation };
    expect((await ada.send('POST', '/api/chat/', body)).status).toBe(502);
    const cut = { message: 'Be long', model: 'flat:wordy', conversation, stream: true };
    const reader = await EventReader.open(app.url, ada, cut);
    expect((await reader.until('done')).content).toMatchObject({ finish_reason: 'length' });
    await continueAt(ada, conversation, 'chat');
    expect(sentMessages()).toEqual([
      ['user', 'Be long'],
      ['assistant', 'once upon'],
      ['user', 'continue'],
    ]);
    expect(await ada.balance()).toBe(3800);
  });
});
