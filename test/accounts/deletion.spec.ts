import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { everyRowOf, allContentOf } from '../support/all-content.js';
import { ProviderProbe } from '../support/provider-probe.js';
import { openConversation, sendMessage } from '../support/conversations.js';
import { converse, textOf } from '../support/ui-chats.js';

/** Long enough that SQLite stores it on its own pages. */
const long = (word: string) => `${word} `.repeat(2000);
const WORDS = ['zanzibar', 'quagmire', 'xylophone', 'wombat', 'jacaranda'] as const;
const [TITLE, SYSTEM, MESSAGE, KEYED, KEY] = WORDS;
/** The tables whose rows may still contain the id of a deleted user. */
const BOOKS = ['wallets', 'ledger_entries', 'holds', 'redemption_codes'];

describe.each(databaseKinds)('DELETE /api/me/ on %s', (kind) => {
  let app: TestApp;
  let provider: ProviderProbe;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    provider = new ProviderProbe(app.nest);
  });
  afterAll(() => app.close());

  const remove = (caller: Caller, password = PASSWORD) =>
    caller.send('DELETE', '/api/me/', { password });

  /** Creates a user with texts in every table that can contain texts of users. */
  const writer = async (username: string, key: string = KEY) => {
    const ada = await app.newUser({ username });
    await ada.send('PATCH', '/api/me/', { email: `${username}@example.com` });
    await app.post('/api/token/', { username, password: PASSWORD });
    const id = await openConversation(ada, { title: TITLE, system: long(SYSTEM) });
    await sendMessage(ada, id, long(MESSAGE));
    const keyed = await ada.chat(long(KEYED), { 'Idempotency-Key': key });
    expect(keyed.status).toBe(200);
    return ada;
  };

  /** Returns the tables that still contain the id of this owner. */
  const tablesOf = async (ownerId: string) => {
    const found: string[] = [];
    for (const table of await app.database.tables()) {
      const rows = await app.database.rows(`SELECT * FROM ${table}`);
      if (JSON.stringify(rows).includes(ownerId)) found.push(table);
    }
    return found;
  };

  it('removes every text, name and credential of a person, and leaves the books unchanged', async () => {
    const ada = await writer(`person-${kind}`);
    const owner = await app.ownerOf(ada);
    const hashSql = 'SELECT password_hash AS hash FROM users WHERE id = $1';
    const [{ hash } = { hash: '' }] = await app.database.rows<{ hash: string }>(hashSql, [owner]);
    const before = await everyRowOf(app);
    expect(WORDS.filter((word) => !before.includes(word))).toEqual([]);
    const money = () =>
      app.database.rows(
        'SELECT id, amount, balance_after, reason, created_at FROM ledger_entries WHERE owner_id = $1 ORDER BY seq',
        [owner],
      );
    const ledger = await money();
    const { status, raw } = await remove(ada);
    expect([status, raw]).toEqual([204, '']);
    const after = await allContentOf(app);
    expect(hash).toMatch(/^\$argon2id\$/);
    expect([...WORDS, ada.username, hash].filter((word) => after.includes(word))).toEqual([]);
    expect((await tablesOf(owner)).filter((table) => !BOOKS.includes(table))).toEqual([]);
    expect(ledger).toHaveLength(3);
    expect(await money()).toEqual(ledger);
    expect((await ada.get('/api/me/')).status).toBe(401);
    expect(await app.database.unbalancedWallets()).toEqual([]);
    expect(await app.database.differences()).toEqual([]);
  });

  it('frees the name, and the next owner sees nothing of the previous one', async () => {
    const ada = await writer(`name-${kind}`, 'again');
    const { body: pair } = await app.post('/api/token/', {
      username: ada.username,
      password: PASSWORD,
    });
    expect((await remove(ada)).status).toBe(204);
    const next = await app.newUser({ username: ada.username });
    expect(await next.history()).toEqual([]);
    expect((await next.get('/api/conversations/')).body.results).toEqual([]);
    expect((await next.get('/api/wallet/ledger/')).body.results).toHaveLength(1);
    expect((await next.get('/api/me/')).body.email).toBe('');
    expect(await next.balance()).toBe(4000);
    const again = await next.chat('anew', { 'Idempotency-Key': 'again' });
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([200, undefined]);
    expect((await ada.get('/api/me/')).status).toBe(401);
    const { access, refresh } = pair as { access: string; refresh: string };
    const headers = { Authorization: `Bearer ${access}` };
    expect((await app.send({ path: '/api/me/', headers })).body.code).toBe('user_not_found');
    expect((await app.post('/api/token/refresh/', { refresh })).status).toBe(401);
    expect(await next.balance()).toBe(3900);
  });

  it('requires the password, and deletes nothing without it', async () => {
    const ada = await app.newUser();
    await ada.chat('stay');
    const wrong = await remove(ada, 'Wr0ng-guess-1');
    expect([wrong.status, wrong.body]).toEqual([400, { password: ['The password is wrong.'] }]);
    const without = await ada.send('DELETE', '/api/me/');
    expect([without.status, Object.keys(without.body as object)]).toEqual([400, ['password']]);
    expect(await ada.history()).toHaveLength(1);
    expect(await ada.balance()).toBe(3900);
  });

  it('removes many turns and conversations of this user only', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    await bob.chat('mine');
    await app.database.rows('UPDATE wallets SET balance = balance + 100000');
    await app.database.rows('UPDATE ledger_entries SET amount = amount + 100000 WHERE seq = 1');
    for (let n = 0; n < 26; n += 1) {
      await Promise.all(
        Array.from({ length: 10 }, (_, m) => ada.chat(`turn ${String(10 * n + m)}`)),
      );
    }
    const owner = await app.ownerOf(ada);
    expect(await app.database.count('turns', 'owner_id = $1', [owner])).toBe(260);
    expect((await remove(ada)).status).toBe(204);
    for (const table of ['turns', 'conversations']) {
      expect(await app.database.count(table, 'owner_id = $1', [owner])).toBe(0);
    }
    expect(await bob.history()).toHaveLength(1);
  });

  it('subtracts what it deletes, removes keys and their names, and leaves the rows of others unchanged', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    for (const caller of [ada, bob]) {
      await converse(app, caller, 'a chat', [textOf('hi')]);
      await openConversation(caller, { system: 'be brief' });
      expect((await caller.chat('once', { 'Idempotency-Key': 'same' })).status).toBe(200);
    }
    await app.database.rows(`UPDATE ledger_entries SET key_name = 'phone' WHERE kind = 'charge'`);
    const [owner, other] = [await app.ownerOf(ada), await app.ownerOf(bob)];
    const rowsOfOther = async () => {
      const tables = await app.database.tables();
      const all = await Promise.all(
        tables.map((table) => app.database.rows(`SELECT * FROM ${table}`)),
      );
      const texts = all.flat().map((row) => JSON.stringify(row));
      return texts.filter((text) => text.includes(other)).sort();
    };
    const before = await rowsOfOther();
    expect((await remove(ada)).status).toBe(204);
    expect(await rowsOfOther()).toEqual(before);
    const stored = 'owner_id = $1 AND stored_bytes = 0 AND conversation_count = 0';
    expect(await app.database.count('wallets', stored, [owner])).toBe(1);
    for (const [table, left] of [
      ['holds', 'claim_route IS NOT NULL OR claim_key IS NOT NULL OR claim_hash IS NOT NULL'],
      ['ledger_entries', 'key_name IS NOT NULL'],
    ] as const) {
      expect(await app.database.count(table, `owner_id = $1 AND (${left})`, [owner])).toBe(0);
      expect(await app.database.count(table, `owner_id = $1 AND (${left})`, [other])).not.toBe(0);
    }
  });

  it.each(['on its own', 'in a conversation', 'with a key', 'that fails'])(
    'settles an answer under way %s, and stores nothing of it',
    async (how) => {
      const ada = await app.newUser();
      const owner = await app.ownerOf(ada);
      const conversation = how === 'in a conversation' ? await openConversation(ada) : undefined;
      let answer: () => void = () => undefined;
      let asked: () => void = () => undefined;
      const isAsked = new Promise<void>((resolve) => (asked = resolve));
      const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
      provider.delayWith(async () => {
        asked();
        await mayAnswer;
        if (how === 'that fails') throw new Error('down');
      });
      const headers = { 'Idempotency-Key': `running-${how.replaceAll(' ', '-')}` };
      const body = { message: `fandango ${how}`, conversation };
      const running = ada.send('POST', '/api/chat/', body, how === 'with a key' ? headers : {});
      await isAsked;
      expect((await remove(ada)).status).toBe(204);
      answer();
      const { status } = await running;
      provider.delayWith(undefined);
      expect(status).toBe(how === 'that fails' ? 502 : 200);
      const after = await everyRowOf(app);
      expect(after).not.toContain('fandango');
      expect(await app.database.count('holds', `owner_id = $1 AND state = 'open'`, [owner])).toBe(
        0,
      );
      const charges = `owner_id = $1 AND kind = 'charge'`;
      const paid = how === 'that fails' ? 0 : 1;
      expect(await app.database.count('ledger_entries', charges, [owner])).toBe(paid);
      expect((await tablesOf(owner)).filter((table) => !BOOKS.includes(table))).toEqual([]);
      expect(await app.database.unbalancedWallets()).toEqual([]);
    },
  );

  it('leaves no turn of ten chats that run at the same time', async () => {
    const ada = await app.newUser();
    const owner = await app.ownerOf(ada);
    const chats = Array.from({ length: 10 }, (_, n) => ada.chat(`sarabande ${String(n)}`));
    const [gone, ...answers] = await Promise.all([remove(ada), ...chats]);
    expect(gone.status).toBe(204);
    expect(answers.every(({ status }) => status === 200 || status === 401)).toBe(true);
    expect(await everyRowOf(app)).not.toContain('sarabande');
    expect((await tablesOf(owner)).filter((table) => !BOOKS.includes(table))).toEqual([]);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });

  it('is done once for two requests at once', async () => {
    const ada = await app.newUser();
    const answers = await Promise.all([remove(ada), remove(ada), remove(ada)]);
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toContain(204);
    expect(statuses.every((status) => status === 204 || status === 401)).toBe(true);
    expect(await app.database.count('users', 'username = $1', [ada.username])).toBe(0);
  });

  it('is refused for the last operator, also if two leave at once', async () => {
    const [one, other] = [await app.newUser(), await app.newUser()];
    const staff = 'UPDATE users SET is_staff = $2 WHERE username = $1';
    for (const { username } of [one, other]) await app.database.rows(staff, [username, true]);
    const answers = await Promise.all([remove(one), remove(other)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 403]);
    const refused = answers.find(({ status }) => status === 403);
    expect(refused?.body).toEqual({
      detail: 'The last member of the staff cannot leave.',
      code: 'last_staff_member',
    });
    expect(await app.database.count('users', 'is_staff')).toBe(1);
  });
});
