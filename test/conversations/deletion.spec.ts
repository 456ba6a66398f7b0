import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { everyRowOf, allContentOf } from '../support/all-content.js';
import { itLightOnSqlite } from '../support/full-effort.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { StatementLog } from '../support/statement-log.js';
import { converse, conversationsOf, textOf } from '../support/ui-chats.js';
import { storedOf } from '../support/stored-rows.js';
import { openConversation, sendMessage } from '../support/conversations.js';

/** Long enough that SQLite keeps it on pages of its own. */
const long = (word: string) => `${word} `.repeat(2000);
const WORDS = ['zanzibar', 'quagmire', 'xylophone', 'wombat', 'jacaranda', 'tamarind'] as const;
const [TITLE, SYSTEM, MESSAGE, KEYED, ABORTED, TOOL] = WORDS;

/** SQL: copies the turn of conversation $1 so many times. */
const copiesOfTurn = (kind: 'sqlite' | 'postgres') => {
  const numbers =
    kind === 'sqlite'
      ? 'WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $2)'
      : 'WITH numbers AS (SELECT generate_series(1, CAST($2 AS int)) AS n)';
  const columns =
    'owner_id, conversation_id, message, response, model, status, finish_reason, prompt_tokens, completion_tokens, ' +
    'amount, available_after, credential_id, created_at, folded';
  return `${numbers}
    INSERT INTO turns (id, ordinal, ${columns})
    SELECT substr(id, 1, 24) || substr(CAST(100000000000 + n AS text), 1, 12), ordinal + n, ${columns}
    FROM turns, numbers WHERE conversation_id = $1`;
};

describe.each(databaseKinds)('deleting a conversation on %s', (kind) => {
  let app: TestApp;
  let provider: ProviderProbe;
  let ada: Caller;
  let id: string;
  let ledger: unknown;
  let rowsAfter: string;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    provider = new ProviderProbe(app.nest);
    ada = await app.newUser();
    id = await openConversation(ada, { title: TITLE, system: long(SYSTEM) });
    await sendMessage(ada, id, long(MESSAGE));
    expect((await chatWithKey()).status).toBe(200);
    provider.delayWith(() => Promise.reject(new Error('down')));
    await sendMessage(ada, id, ABORTED);
    const call = { name: 'look', arguments: JSON.stringify({ at: TOOL }) };
    provider.answer([
      { type: 'delta', text: '', toolCalls: [{ index: 0, id: 'c', function: call }] },
      { type: 'done', finishReason: 'tool_calls', usage: undefined },
    ]);
    await sendMessage(ada, id, 'call a tool');
    provider.delayWith(undefined);
    const before = await everyRowOf(app);
    expect(WORDS.filter((word) => !before.includes(word))).toEqual([]);
    ledger = (await ada.get('/api/wallet/ledger/')).body;
    expect((await ada.send('DELETE', `/api/conversations/${id}/`)).status).toBe(204);
    rowsAfter = await everyRowOf(app);
  });
  afterAll(() => app.close());

  /** Returns what the wallet counts as stored. */
  const countedOf = async (ownerId: string) => {
    const [counted] = await app.database.rows(
      'SELECT stored_bytes AS bytes, conversation_count AS conversations FROM wallets WHERE owner_id = $1',
      [ownerId],
    );
    return counted;
  };

  const chatWithKey = () =>
    ada.send(
      'POST',
      '/api/chat/',
      { message: long(KEYED), conversation: id },
      { 'Idempotency-Key': 'kept' },
    );

  it('leaves none of its text in any column of any table', () => {
    expect(WORDS.filter((word) => rowsAfter.includes(word))).toEqual([]);
    expect(rowsAfter).not.toContain('dummy AI response');
    expect(rowsAfter).toContain(ada.username);
  });

  if (kind === 'sqlite') {
    it('leaves none of its text in the bytes of the file', async () => {
      // What a later write would do: until then the journal still has the pages of before.
      await app.database.rows('PRAGMA wal_checkpoint(TRUNCATE)');
      const after = await allContentOf(app);
      expect(WORDS.filter((word) => after.includes(word))).toEqual([]);
      expect(after).toContain(ada.username);
    });
  }

  it('leaves the ledger and the balance unchanged', async () => {
    expect((await ada.get('/api/wallet/ledger/')).body).toEqual(ledger);
    expect(await ada.balance()).toBe(4000 - 300);
    expect(await app.database.unbalancedWallets()).toEqual([]);
    expect(await app.database.differences()).toEqual([]);
  });

  it('reports the deletion to a replay, and charges nothing', async () => {
    const calls = provider.calls;
    for (const { status, body, headers } of [await chatWithKey(), await chatWithKey()]) {
      expect([status, body]).toEqual([
        404,
        {
          detail: 'The answer to this Idempotency-Key was deleted, or never kept.',
          code: 'not_found',
        },
      ]);
      expect(headers['tokens-charged']).toBeUndefined();
    }
    expect(provider.calls).toBe(calls);
    expect(await ada.balance()).toBe(4000 - 300);
    expect(await ada.history()).toEqual([]);
  });

  it('deletes nothing of other conversations and other users, and subtracts only what it deletes', async () => {
    const [bob, carol] = [await app.newUser(), await app.newUser()];
    const ids: string[] = [];
    for (const [caller, chatId] of [
      ...[[bob, 'first'] as const, [bob, 'a second one'] as const],
      [carol, 'first'] as const,
    ]) {
      await converse(app, caller, chatId, [textOf(`in ${chatId}`)]);
      ids.unshift((await conversationsOf(caller))[0]?.id ?? '');
    }
    const [, second = ''] = ids;
    expect((await bob.send('DELETE', `/api/conversations/${second}/`)).status).toBe(204);
    expect((await conversationsOf(bob)).map(({ title }) => title)).toEqual(['in first']);
    for (const caller of [bob, carol]) {
      const ownerId = await app.ownerOf(caller);
      expect(await caller.history()).toHaveLength(1);
      expect(await app.database.count('client_chats', 'owner_id = $1', [ownerId])).toBe(1);
      expect(await countedOf(ownerId)).toEqual(await storedOf(app.database, ownerId));
    }
  });

  const itOnSqlite = itLightOnSqlite(kind);

  itOnSqlite(
    'deletes a long conversation in transactions of 2 MiB, so that other writes do not wait for all of it',
    async () => {
      const bob = await app.newUser();
      const long = await openConversation(bob);
      const text = 'long '.repeat(18_000);
      for (let i = 0; i < 40; i++) expect((await sendMessage(bob, long, text)).status).toBe(200);
      const { bytes } = await storedOf(app.database, await app.ownerOf(bob));
      const log = StatementLog.of(app.nest);
      const sent = await log.during(async () => {
        expect((await bob.send('DELETE', `/api/conversations/${long}/`)).status).toBe(204);
      });
      const named = (...names: string[]) => sent.filter(({ name }) => names.includes(name)).length;
      const steps = Math.floor(bytes / 2 ** 21);
      expect(steps).toBeGreaterThan(2);
      expect(named('conversation.remove_turns')).toBeGreaterThanOrEqual(steps);
      expect(named('conversation.remove_turns')).toBeLessThanOrEqual(steps + 2);
      expect(named('BEGIN IMMEDIATE', 'START TRANSACTION')).toBe(
        named('conversation.remove_turns'),
      );
      expect(await bob.history()).toEqual([]);
      expect(await storedOf(app.database, await app.ownerOf(bob))).toEqual({
        bytes: 0,
        conversations: 0,
      });
      expect(await bob.balance()).toBe(0);
    },
  );

  it('deletes 500 short turns in one transaction, and no turn without counting it', async () => {
    const bob = await app.newUser();
    const long = await openConversation(bob);
    expect((await sendMessage(bob, long, 'one')).status).toBe(200);
    const ownerId = await app.ownerOf(bob);
    await app.database.rows(copiesOfTurn(kind), [long, 500]);
    const { bytes } = await storedOf(app.database, ownerId);
    await app.database.rows('UPDATE wallets SET stored_bytes = $2 WHERE owner_id = $1', [
      ownerId,
      bytes,
    ]);
    const log = StatementLog.of(app.nest);
    const sent = await log.during(async () => {
      const path = `/api/conversations/${long}/`;
      const both = await Promise.all([bob.send('DELETE', path), bob.send('DELETE', path)]);
      // The other request finds the conversation, or the rest of it, or nothing.
      expect(both.map(({ status }) => status)).toContain(204);
    });
    expect(sent.filter(({ name }) => name === 'conversation.remove').length).toBe(1);
    expect(await countedOf(ownerId)).toEqual({ bytes: 0, conversations: 0 });
    expect(await app.database.count('turns', `conversation_id = '${long}'`)).toBe(0);
  });
});
