import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readUIMessageStream, type UIMessage } from 'ai';
import type { CompletionEvent } from '../../src/models/providers/provider.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { messagesIn } from '../support/threads.js';
import { conversationsOf, converse, textOf, transportOf } from '../support/ui-chats.js';
import { until } from '../support/until.js';

const usage = { promptTokens: 1, completionTokens: 1 };
const done: CompletionEvent = { type: 'done', finishReason: 'stop', usage };
const echoed = (text: string) => `This is a dummy AI response to your message: '${text}'`;
const PIXEL = 'data:image/png;base64,iVBORw0KGgo=';

describe.each(databaseKinds)('useChat() on %s', (kind) => {
  let app: TestApp;
  let provider: ProviderProbe;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    provider = new ProviderProbe(app.nest);
  });
  beforeEach(async () => {
    ada = await app.newUser();
    provider.delayWith(undefined);
  });
  afterAll(() => app.close());

  const send = (caller: Caller, chatId: string, messages: UIMessage[]) =>
    converse(app, caller, chatId, messages);

  it('stores three turns of one chat id in one conversation, and reports what each cost', async () => {
    const messages: UIMessage[] = [];
    for (const [index, text] of ['one', 'two', 'three'].entries()) {
      messages.push(textOf(text));
      const answer = await send(ada, 'my chat', messages);
      expect(answer.parts).toEqual([
        { type: 'step-start' },
        { type: 'text', text: echoed(text), state: 'done' },
      ]);
      expect(answer.metadata).toMatchObject({
        tokens_charged: 100,
        tokens_balance: 3900 - 100 * index,
        turn: answer.id,
      });
      messages.push(answer);
    }
    expect(provider.lastRequest?.messages).toEqual([
      { role: 'user', content: 'one' },
      { role: 'assistant', content: echoed('one') },
      { role: 'user', content: 'two' },
      { role: 'assistant', content: echoed('two') },
      { role: 'user', content: 'three' },
    ]);
    const [conversation, ...others] = await conversationsOf(ada);
    expect([conversation?.title, others]).toEqual(['one', []]);
    const page = await ada.get(`/api/conversations/${conversation?.id ?? ''}/messages/`);
    expect(messagesIn(page)).toEqual(['three', 'two', 'one']);
    expect(await ada.balance()).toBe(3700);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('separates the same chat id of two users', async () => {
    const eve = await app.newUser();
    const first = await send(ada, 'shared', [textOf('mine')]);
    const second = await send(eve, 'shared', [textOf('hers')]);
    const threadOf = ({ metadata }: UIMessage) =>
      (metadata as { conversation: string }).conversation;
    expect(threadOf(first)).not.toBe(threadOf(second));
    expect((await eve.history()).map(({ message }) => message)).toEqual(['hers']);
    expect(await eve.balance()).toBe(3900);
  });

  it('regenerates an answer in the same conversation', async () => {
    const question = textOf('again');
    const first = await send(ada, 'r', [question]);
    const stream = await transportOf(app, ada).sendMessages({
      chatId: 'r',
      messages: [question],
      trigger: 'regenerate-message',
      messageId: first.id,
      abortSignal: undefined,
    });
    for await (const state of readUIMessageStream({ stream })) expect(state.id).not.toBe(first.id);
    expect(provider.lastRequest?.messages).toEqual([{ role: 'user', content: 'again' }]);
    expect(await conversationsOf(ada)).toHaveLength(1);
    expect(await ada.balance()).toBe(3800);
  });

  it('separates reasoning from text, in parts with a start and an end', async () => {
    provider.answer([
      { type: 'delta', text: '', reasoning: 'Let me' },
      { type: 'delta', text: '', reasoning: ' see.' },
      { type: 'delta', text: 'Forty' },
      { type: 'delta', text: '-two.' },
      done,
    ]);
    const { parts } = await send(ada, 'thinker', [textOf('why?')]);
    expect(parts).toMatchObject([
      { type: 'step-start' },
      { type: 'reasoning', text: 'Let me see.', state: 'done' },
      { type: 'text', text: 'Forty-two.', state: 'done' },
    ]);
  });

  it('forwards pictures and files, and skips unknown parts', async () => {
    await send(ada, 'parts', [
      { id: 's', role: 'system', parts: [{ type: 'text', text: 'Be brief.' }] },
      textOf('before'),
      {
        id: 'a',
        role: 'assistant',
        parts: [
          { type: 'step-start' },
          { type: 'reasoning', text: 'hidden' },
          { type: 'text', text: 'seen' },
          { type: 'data-weather', data: { sun: true } },
        ],
      },
      {
        id: 'u',
        role: 'user',
        parts: [
          { type: 'text', text: 'what is it?' },
          { type: 'file', mediaType: 'image/png', url: PIXEL },
          { type: 'file', mediaType: 'application/pdf', url: 'data:,x', filename: 'a.pdf' },
        ],
      },
    ]);
    expect(provider.lastRequest?.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'before' },
      { role: 'assistant', content: 'seen' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'what is it?' },
          { type: 'image_url', image_url: { url: PIXEL } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:,x' } },
        ],
      },
    ]);
    expect((await ada.history()).map(({ message }) => message)).toEqual(['what is it?']);
  });

  it('is stopped when the client leaves, and stores and charges what was produced', async () => {
    provider.answer([{ type: 'delta', text: 'half of it' }]);
    const leaving = new AbortController();
    const stream = await transportOf(app, ada).sendMessages({
      chatId: 'stopped',
      messages: [textOf('go')],
      trigger: 'submit-message',
      messageId: undefined,
      abortSignal: leaving.signal,
    });
    const reading = (async () => {
      for await (const { parts } of readUIMessageStream({ stream, onError: () => undefined })) {
        if (parts.some((part) => part.type === 'text')) leaving.abort();
      }
    })();
    await reading.catch(() => undefined);
    await until(async () => (await ada.history()).length === 1);
    const { body } = await ada.get('/api/chat/');
    expect(body.results).toMatchObject([
      { status: 'aborted', response: 'half of it', tokens: 100 },
    ]);
    provider.delayWith(undefined);
    await send(ada, 'stopped', [textOf('go'), textOf('on')]);
    expect(await conversationsOf(ada)).toHaveLength(1);
    expect(await ada.balance()).toBe(3800);
  });
});
