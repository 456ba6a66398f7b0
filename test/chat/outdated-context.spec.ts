import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ClientChats } from '../../src/conversations/client-chats.service.js';
import { ReadConnection } from '../../src/database/read-connection.js';
import { messagesIn, openConversation, sendMessage } from '../support/conversations.js';
import { databaseKinds } from '../support/databases.js';
import { stageProvider } from '../support/stages.js';
import { conversationsOf, textOf } from '../support/ui-chats.js';

describe.each(databaseKinds)('a conversation that changes before the hold, on %s', (kind) => {
  const stage = stageProvider(kind);
  let restore: () => void = () => undefined;
  let calls = 0;

  beforeEach(() => {
    ({ calls } = stage.provider);
  });
  afterEach(async () => {
    restore();
    expect(await stage.app.database.count('holds', `state = 'open'`)).toBe(0);
    expect(await stage.app.database.unbalancedWallets()).toEqual([]);
  });

  /** Sends another message of the conversation after each of the first `times` looks at its newest turn. */
  const interrupt = (conversation: string, times: number) => {
    const reader = stage.app.nest.get(ReadConnection);
    const read = reader.read.bind(reader);
    let left = times;
    let isInterrupting = false;
    reader.read = async <Row>(sql: string, parameters: readonly unknown[]) => {
      const rows = await read<Row>(sql, parameters);
      if (left > 0 && !isInterrupting && sql.startsWith('/* conversation.newest */')) {
        left -= 1;
        isInterrupting = true;
        const { status } = await sendMessage(stage.ada, conversation, `other ${String(left)}`);
        isInterrupting = false;
        expect(status).toBe(200);
      }
      return rows;
    };
    restore = () => (reader.read = read);
  };

  const texts = async (conversation: string) =>
    messagesIn(await stage.ada.get(`/api/conversations/${conversation}/messages/`));

  it('is read again, so that the model is sent the other answer too, for one charge each', async () => {
    const id = await openConversation(stage.ada);
    interrupt(id, 1);
    expect((await sendMessage(stage.ada, id, 'mine')).status).toBe(200);
    const sent = stage.provider.lastRequest?.messages.filter(({ role }) => role === 'user');
    expect(sent?.map(({ content }) => content)).toEqual(['other 0', 'mine']);
    expect([stage.provider.calls - calls, await stage.ada.balance()]).toEqual([2, 3800]);
    expect(await texts(id)).toEqual(['mine', 'other 0']);
  });

  it('is refused as busy when it changes twice, without a call, a hold or a charge', async () => {
    const id = await openConversation(stage.ada);
    interrupt(id, 2);
    const key = { 'Idempotency-Key': 'twice' };
    const { status, body } = await sendMessage(stage.ada, id, 'mine', key);
    expect([status, body.code]).toEqual([409, 'conversation_busy']);
    expect([stage.provider.calls - calls, await stage.ada.balance()]).toEqual([2, 3800]);
    expect(await texts(id)).toEqual(['other 0', 'other 1']);
    expect(await stage.app.database.count('holds', `claim_key = 'twice'`)).toBe(0);
    expect((await sendMessage(stage.ada, id, 'mine', key)).status).toBe(200);
    expect(await stage.ada.balance()).toBe(3700);
  });

  it('is continued if another first message of the same chat has opened it', async () => {
    const chats = stage.app.nest.get(ClientChats);
    const find = chats.find.bind(chats);
    const post = (text: string) =>
      stage.ada.send('POST', '/api/chat', { id: 'raced', messages: [textOf(text)] });
    let looks = 0;
    chats.find = async (...chat) => {
      const found = await find(...chat);
      looks += 1;
      if (looks === 1) expect((await post('winner')).status).toBe(200);
      return found;
    };
    restore = () => (chats.find = find);
    expect((await post('loser')).status).toBe(200);
    expect(looks).toBe(3);
    const [conversation, ...others] = await conversationsOf(stage.ada);
    expect([conversation?.title, others]).toEqual(['winner', []]);
    expect(await texts(conversation?.id ?? '')).toEqual(['loser', 'winner']);
    expect([stage.provider.calls - calls, await stage.ada.balance()]).toEqual([2, 3800]);
  });
});
