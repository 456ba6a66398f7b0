import { describe, expect, it } from '@jest/globals';
import { readUIMessageStream, type UIMessage } from 'ai';
import type { CompletionEvent } from '../../src/models/provider.js';
import { stageProvider } from '../support/stages.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { messagesIn } from '../support/conversations.js';
import { conversationsOf, converse, textOf, transportOf } from '../support/ui-chats.js';
import { until } from '../support/until.js';

const usage = { promptTokens: 1, completionTokens: 1 };
const done: CompletionEvent = { type: 'done', finishReason: 'stop', usage };
const echoed = (text: string) => `This is a dummy AI response to your message: '${text}'`;
const PIXEL = 'data:image/png;base64,iVBORw0KGgo=';

describe.each(databaseKinds)('useChat() on %s', (kind) => {
  const stage = stageProvider(kind);

  const send = (caller: Caller, chatId: string, messages: UIMessage[]) =>
    converse(stage.app, caller, chatId, messages);

  it('stores three turns of one chat id in one conversation, and reports what each cost', async () => {
    const messages: UIMessage[] = [];
    for (const [index, text] of ['one', 'two', 'three'].entries()) {
      messages.push(textOf(text));
      const answer = await send(stage.ada, 'my chat', messages);
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
    expect(stage.provider.lastRequest?.messages).toEqual([
      { role: 'user', content: 'one' },
      { role: 'assistant', content: echoed('one') },
      { role: 'user', content: 'two' },
      { role: 'assistant', content: echoed('two') },
      { role: 'user', content: 'three' },
    ]);
    const [conversation, ...others] = await conversationsOf(stage.ada);
    expect([conversation?.title, others]).toEqual(['one', []]);
    const page = await stage.ada.get(`/api/conversations/${conversation?.id ?? ''}/messages/`);
    expect(messagesIn(page)).toEqual(['three', 'two', 'one']);
    expect(await stage.ada.balance()).toBe(3700);
    expect(await stage.app.database.unbalancedWallets()).toEqual([]);
  });

  it('separates the same chat id of two users', async () => {
    const eve = await stage.app.newUser();
    const first = await send(stage.ada, 'shared', [textOf('mine')]);
    const second = await send(eve, 'shared', [textOf('hers')]);
    const conversationIn = ({ metadata }: UIMessage) =>
      (metadata as { conversation: string }).conversation;
    expect(conversationIn(first)).not.toBe(conversationIn(second));
    expect((await eve.history()).map(({ message }) => message)).toEqual(['hers']);
    expect(await eve.balance()).toBe(3900);
  });

  it('regenerates an answer in the same conversation', async () => {
    const question = textOf('again');
    const first = await send(stage.ada, 'r', [question]);
    const stream = await transportOf(stage.app, stage.ada).sendMessages({
      chatId: 'r',
      messages: [question],
      trigger: 'regenerate-message',
      messageId: first.id,
      abortSignal: undefined,
    });
    for await (const state of readUIMessageStream({ stream })) expect(state.id).not.toBe(first.id);
    expect(stage.provider.lastRequest?.messages).toEqual([{ role: 'user', content: 'again' }]);
    expect(await conversationsOf(stage.ada)).toHaveLength(1);
    expect(await stage.ada.balance()).toBe(3800);
  });

  it('separates reasoning from text, in parts with a start and an end', async () => {
    stage.provider.answer([
      { type: 'delta', text: '', reasoning: 'Let me' },
      { type: 'delta', text: '', reasoning: ' see.' },
      { type: 'delta', text: 'Forty' },
      { type: 'delta', text: '-two.' },
      done,
    ]);
    const { parts } = await send(stage.ada, 'thinker', [textOf('why?')]);
    expect(parts).toMatchObject([
      { type: 'step-start' },
      { type: 'reasoning', text: 'Let me see.', state: 'done' },
      { type: 'text', text: 'Forty-two.', state: 'done' },
    ]);
  });

  it('forwards pictures and files, and skips unknown parts', async () => {
    await send(stage.ada, 'parts', [
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
    expect(stage.provider.lastRequest?.messages).toEqual([
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
    expect((await stage.ada.history()).map(({ message }) => message)).toEqual(['what is it?']);
  });

  it('sends a sentence for an answer without text between two questions', async () => {
    const empty = (...parts: UIMessage['parts']): UIMessage => ({
      id: 'a',
      role: 'assistant',
      parts,
    });
    await send(stage.ada, 'silent', [
      empty(),
      textOf('one'),
      empty({ type: 'step-start' }),
      textOf('two'),
      empty({ type: 'reasoning', text: 'hidden' }),
      empty({ type: 'text', text: 'seen' }),
      textOf('three'),
    ]);
    expect(stage.provider.lastRequest?.messages).toEqual([
      { role: 'user', content: 'one' },
      { role: 'assistant', content: '(The answer had no text.)' },
      { role: 'user', content: 'two' },
      { role: 'assistant', content: 'seen' },
      { role: 'user', content: 'three' },
    ]);
    expect(await stage.ada.balance()).toBe(3900);
  });

  it('is stopped when the client leaves, and stores and charges what was produced', async () => {
    stage.provider.answer([{ type: 'delta', text: 'half of it' }]);
    const leaving = new AbortController();
    const stream = await transportOf(stage.app, stage.ada).sendMessages({
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
    await until(async () => (await stage.ada.history()).length === 1);
    const { body } = await stage.ada.get('/api/chat/');
    expect(body.results).toMatchObject([
      { status: 'aborted', response: 'half of it', tokens: 100 },
    ]);
    stage.provider.delayWith(undefined);
    await send(stage.ada, 'stopped', [textOf('go'), textOf('on')]);
    expect(await conversationsOf(stage.ada)).toHaveLength(1);
    expect(await stage.ada.balance()).toBe(3800);
  });
});
