import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { QueryProbe } from '../support/query-probe.js';
import { respond } from '../support/responses.js';
import {
  messagesIn,
  openConversation,
  sendMessage,
  delayAnswers,
  untilAsked,
} from '../support/conversations.js';
import { until } from '../support/until.js';

/** A message of the maximum length. */
const LONG = 'm'.repeat(100_000);

describe.each(databaseKinds)('POST /api/conversations/{id}/messages/ on %s', (kind) => {
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

  const sentToProvider = () =>
    provider.lastRequest?.messages.map(({ role, content }) => [role, content]);

  it('sends the system text and the earlier turns along', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada, { system: 'Be brief.' });
    const first = await sendMessage(ada, id, 'one');
    expect([first.status, first.headers['conversation-id']]).toEqual([200, id]);
    expect(sentToProvider()).toEqual([
      ['system', 'Be brief.'],
      ['user', 'one'],
    ]);
    await ada.send('POST', '/api/chat/', { message: 'two', conversation: id });
    await ada.chat('elsewhere');
    await sendMessage(ada, id, 'three');
    const echo = (text: string) => `This is a dummy AI response to your message: '${text}'`;
    expect(sentToProvider()).toEqual([
      ['system', 'Be brief.'],
      ['user', 'one'],
      ['assistant', echo('one')],
      ['user', 'two'],
      ['assistant', echo('two')],
      ['user', 'three'],
    ]);
    const listed = await ada.get(`/api/conversations/${id}/messages/`);
    expect(messagesIn(listed)).toEqual(['three', 'two', 'one']);
    expect((await ada.get(`/api/conversations/${id}/`)).body.title).toBe('one');
    expect(await ada.balance()).toBe(99_600);
  });

  it('reads only the part of a long conversation that fits the model', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada);
    for (let n = 0; n < 10; n += 1) expect((await sendMessage(ada, id, LONG)).status).toBe(200);
    const probe = new QueryProbe(app.nest);
    const quote = await ada.send('POST', '/api/chat/quote/', { message: 'hi', conversation: id });
    expect(quote.status).toBe(200);
    const oldest = probe.last('conversation.context').parameters.at(-1);
    const read = await app.database.count('turns', 'conversation_id = $1 AND ordinal >= $2', [
      id,
      oldest,
    ]);
    await sendMessage(ada, id, 'hi');
    const sentTurns = ((sentToProvider()?.length ?? 0) - 1) / 2;
    // Half of the echo model's million model tokens is for earlier turns: seven turns of 200 kB, at three bytes a
    // token.
    expect([sentTurns, read]).toEqual([7, 7]);
    await sendMessage(ada, id, 'x'.repeat(99_999));
    expect(sentToProvider()?.length).toBeGreaterThan(3);
    probe.stop();
  });

  it('sends only the newest turns if all of them do not fit the model', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada, { title: 'Long' });
    // A turn has about 67,000 model tokens. The echo model reserves 500,000 for earlier turns.
    const texts = Array.from({ length: 9 }, (_, n) => String(n).repeat(100_000));
    for (const text of texts) expect((await sendMessage(ada, id, text)).status).toBe(200);
    await sendMessage(ada, id, 'and now?');
    const asked = provider.lastRequest?.messages.filter(({ role }) => role === 'user');
    expect(asked?.map(({ content }) => String(content).slice(0, 8))).toEqual([
      ...['2', '3', '4', '5', '6', '7', '8'].map((digit) => digit.repeat(8)),
      'and now?',
    ]);
  });

  it('leaves failed answers out of the context', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada);
    provider.delayWith(() => Promise.reject(new Error('down')));
    expect((await sendMessage(ada, id, 'lost')).status).toBe(502);
    provider.delayWith(undefined);
    await sendMessage(ada, id, 'again');
    expect(sentToProvider()).toEqual([['user', 'again']]);
    expect(await ada.balance()).toBe(99_900);
  });

  it('answers one message at a time: a second one gets 409 without a call or a charge', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada);
    const calls = provider.calls;
    const answerNow = delayAnswers(provider);
    const first = sendMessage(ada, id, 'first');
    await untilAsked(provider, calls);
    const seconds = await Promise.all([
      sendMessage(ada, id, 'second'),
      ada.send('POST', '/api/chat/', { message: 'second', conversation: id }),
      ada.send('POST', '/api/chat/', { message: 'second', conversation: id, stream: true }),
    ]);
    for (const { status, body, headers } of seconds) {
      expect([status, body.code]).toEqual([409, 'conversation_busy']);
      expect(headers['retry-after']).toBe('1');
    }
    answerNow();
    expect((await first).status).toBe(200);
    expect(provider.calls).toBe(calls + 1);
    provider.delayWith(undefined);
    expect((await sendMessage(ada, id, 'second')).status).toBe(200);
    expect(await ada.balance()).toBe(99_800);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('stays busy when a response that continues an earlier turn ends before the answer', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada);
    const earlier = String((await sendMessage(ada, id, 'first')).headers['turn-id']);
    const calls = provider.calls;
    const answerNow = delayAnswers(provider);
    const slow = sendMessage(ada, id, 'slow');
    await untilAsked(provider, calls);
    provider.delayWith(undefined);
    const previous_response_id = `resp_${earlier.replaceAll('-', '')}`;
    for (const input of ['aside', 'again']) {
      expect((await respond(ada, { previous_response_id, input })).status).toBe(200);
    }
    const refused = [
      await sendMessage(ada, id, 'second'),
      await ada.send('DELETE', `/api/conversations/${id}/`),
    ];
    for (const { status, body } of refused) {
      expect([status, body.code]).toEqual([409, 'conversation_busy']);
    }
    answerNow();
    expect((await slow).status).toBe(200);
    const saved = (await ada.history()).map(({ message }) => message);
    expect(saved.sort()).toEqual(['again', 'aside', 'first', 'slow']);
    expect(await ada.balance()).toBe(99_600);
    expect((await sendMessage(ada, id, 'second')).status).toBe(200);
    expect((await ada.send('DELETE', `/api/conversations/${id}/`)).status).toBe(204);
  });

  it('accepts one of ten simultaneous messages', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada);
    const answerNow = delayAnswers(provider);
    const race = Array.from({ length: 10 }, (_, n) => sendMessage(ada, id, `rival ${String(n)}`));
    const refused: number[] = [];
    for (const rival of race)
      void rival.then(({ status }) => status === 409 && refused.push(status));
    await until(() => refused.length === 9);
    answerNow();
    const statuses = (await Promise.all(race)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
    expect(await ada.balance()).toBe(99_900);
    expect(await ada.history()).toHaveLength(1);
  });

  it('reports to a retry that its answer was deleted, and does not charge again', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada);
    const key = { 'Idempotency-Key': 'deleted' };
    expect((await sendMessage(ada, id, 'once', key)).status).toBe(200);
    expect((await sendMessage(ada, id, 'once', key)).headers['idempotent-replayed']).toBe('true');
    await ada.send('DELETE', `/api/conversations/${id}/`);
    const { status, body } = await sendMessage(ada, id, 'once', key);
    expect([status, body]).toEqual([
      404,
      {
        detail: 'The answer to this Idempotency-Key was deleted, or never kept.',
        code: 'not_found',
      },
    ]);
    expect(await ada.balance()).toBe(99_900);
  });

  it('separates keys of this route from keys of /api/chat/', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada);
    const key = { 'Idempotency-Key': 'shared' };
    const [one, other] = [
      await ada.send('POST', '/api/chat/', { message: 'hi', conversation: id }, key),
      await sendMessage(ada, id, 'hi', key),
    ];
    expect([one.status, other.status]).toEqual([200, 200]);
    expect(other.headers['turn-id']).not.toBe(one.headers['turn-id']);
    expect((await sendMessage(ada, id, 'other', key)).status).toBe(422);
    expect(await ada.balance()).toBe(99_800);
  });

  it('streams an answer', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada);
    const { status, headers, raw } = await sendMessage(ada, id, 'hi', {
      Accept: 'text/event-stream',
    });
    expect([status, headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect(raw).toContain(`"conversation":"${id}","tokens_charged":100`);
    expect(await ada.balance()).toBe(99_900);
  });
});
