import { describe, expect, it } from '@jest/globals';
import type { UIMessage } from 'ai';
import { stageProvider } from '../support/stages.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { expectFault, rowCounts } from '../support/refusals.js';
import { conversationsOf, converse, textOf, transportOf } from '../support/ui-chats.js';

describe.each(databaseKinds)('refusals and retries of useChat() on %s', (kind) => {
  const stage = stageProvider(kind);

  const send = (caller: Caller, chatId: string, messages: UIMessage[]) =>
    converse(stage.app, caller, chatId, messages);

  const post = (body: object, headers: Record<string, string> = {}) =>
    stage.ada.send('POST', '/api/chat', body, headers);

  it('reports a failure during the stream as an error, and charges nothing', async () => {
    stage.provider.delayWith(() => Promise.reject(new Error('the provider is away')));
    await expect(send(stage.ada, 'failing', [textOf('hi')])).rejects.toThrow(
      'The model did not answer.',
    );
    expect(await stage.ada.balance()).toBe(4000);
  });

  it('accepts a file whose media type is not a text, like one of another type', async () => {
    const parts = [{ type: 'file', url: 'data:,x', mediaType: { toString: 1, valueOf: 1 } }];
    const { status } = await post({ id: 'odd', messages: [{ id: 'm', role: 'user', parts }] });
    expect(status).toBe(200);
  });

  it('gets refusals by plain HTTP with the messages of the contract, and nothing is saved', async () => {
    const before = await rowCounts(stage.app);
    const hi = { id: 'c', messages: [textOf('hi')] };
    expectFault(await post({ ...hi, id: 'x'.repeat(129) }), 'id');
    expectFault(await post({ id: 'c', messages: [] }), 'messages');
    expectFault(await post({ id: 'c', messages: [textOf(' ')] }), 'messages');
    expectFault(await post({ ...hi, messages: [{ id: 'm', role: 'user' }] }), 'messages[0].parts');
    expectFault(await post({ ...hi, messages: [textOf('hi'), null] }), 'messages[1]');
    const answer = { id: 'a', role: 'assistant', parts: [{ type: 'text', text: 'no question' }] };
    expectFault(await post({ ...hi, messages: [answer] }), 'messages');
    expectFault(await post({ ...hi, model: 'nobody' }), 'model', /"nobody" is not a valid choice/);
    expectFault(await post({ messages: 'hi' }), 'message', /^This field is required\.$/);
    expect(await rowCounts(stage.app)).toEqual(before);
    const poor = await stage.app.newUser({ tokens: 99 });
    const { status, headers, body } = await poor.send('POST', '/api/chat', hi);
    expect([status, body]).toEqual([402, { error: 'Insufficient tokens' }]);
    expect(headers['x-vercel-ai-ui-message-stream']).toBeUndefined();
    await expect(send(poor, 'c', [textOf('hi')])).rejects.toThrow('Insufficient tokens');
    expect(await conversationsOf(poor)).toEqual([]);
    expect(await stage.app.database.count('client_chats', `chat_id = 'c'`)).toBe(0);
  });

  it('respects an Idempotency-Key, and opens one conversation for simultaneous messages', async () => {
    const key = { 'Idempotency-Key': 'ui' };
    const body = { id: 'keyed', messages: [textOf('once')] };
    const first = await post(body, key);
    const again = await post(body, key);
    expect(first.headers['x-vercel-ai-ui-message-stream']).toBe('v1');
    expect([first.status, again.headers['idempotent-replayed']]).toEqual([200, 'true']);
    const last = (raw: string) => raw.split('\n\n').slice(-3);
    expect(last(again.raw)).toEqual(last(first.raw));
    expect((await post({ ...body, id: 'other' }, key)).status).toBe(422);
    const raced = { id: 'raced', messages: [textOf('at once')] };
    const statuses = await Promise.all(
      Array.from({ length: 6 }, async () => (await post(raced)).status),
    );
    expect(new Set([200, 409, ...statuses])).toEqual(new Set([200, 409]));
    const answered = statuses.filter((status) => status === 200).length;
    expect(answered).toBeGreaterThan(0);
    expect(await conversationsOf(stage.ada)).toHaveLength(2);
    expect(await stage.ada.balance()).toBe(3900 - 100 * answered);
    expect(await stage.app.database.unbalancedWallets()).toEqual([]);
  });

  it('opens a new conversation for the id of a deleted one', async () => {
    await send(stage.ada, 'gone', [textOf('first')]);
    const [conversation] = await conversationsOf(stage.ada);
    await stage.ada.send('DELETE', `/api/conversations/${conversation?.id ?? ''}/`);
    await send(stage.ada, 'gone', [textOf('second')]);
    expect((await conversationsOf(stage.ada)).map(({ title }) => title)).toEqual(['second']);
  });

  it('stores no NUL in the history', async () => {
    await send(stage.ada, 'a\u00df\u{1f600}', [textOf('a\0b')]);
    expect((await conversationsOf(stage.ada)).map(({ title }) => title)).toEqual(['a\ufffdb']);
    expect((await stage.ada.history()).map(({ message }) => message)).toEqual(['a\ufffdb']);
    expectFault(await post({ id: 'a\0b', messages: [textOf('hi')] }), 'id');
  });

  it('has nothing to resume, and still accepts the field `message`', async () => {
    expect(
      await transportOf(stage.app, stage.ada).reconnectToStream({ chatId: 'any id/at all' }),
    ).toBeNull();
    const { body } = await post({ message: 'mine', messages: [textOf('not this')], id: 'x' });
    expect(body).toMatchObject({
      message: 'mine',
      response: `This is a dummy AI response to your message: 'mine'`,
    });
    expect((await stage.app.send({ path: '/api/chat/x/stream' })).status).toBe(401);
  });
});
