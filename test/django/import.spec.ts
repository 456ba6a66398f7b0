import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DjangoImport } from '../../src/django/django-import.service.js';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { DjangoDatabase, djangoHash } from '../support/django.js';
import { everyRowOf } from '../support/all-content.js';

const PASSWORD = 'Str0ng-pass-1';
const KEY = '9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b';
const NO_SKIP = { skip: false };

describe.each(databaseKinds)('import-django on %s', (kind) => {
  let django: DjangoDatabase;
  let app: TestApp;

  beforeEach(async () => {
    django = await DjangoDatabase.create(kind);
    app = await TestApp.start(kind);
  });
  afterEach(async () => {
    await app.close();
    await django.drop();
  });

  const run = async (options = NO_SKIP, location = django.url) => {
    const report = await app.nest.get(DjangoImport).run(location, options);
    return { text: String(report), isComplete: report.isComplete };
  };
  const login = (username: string, password = PASSWORD) =>
    app.post('/api/login/', { username, password });
  const hashOf = async (username: string) => {
    const sql = 'SELECT password_hash AS hash FROM users WHERE username = $1';
    return (await app.database.rows<{ hash: string }>(sql, [username]))[0]?.hash;
  };

  it('imports a user so that the old client works unchanged', async () => {
    await django.addUser({ id: 9, username: 'Alice', tokens: 3700, email: 'Alice@example.com' });
    await django.addUser({ id: 10, username: 'idle', tokens: 0 });
    await django.addToken(9, KEY);
    await django.addMessage(9, 'Grüße', '2025-08-19 00:48:00.123456');
    await django.addMessage(9, 'second', '2025-08-19 00:48:00.123456');
    await django.addMessage(9, 'third', '2025-08-20 00:00:00');
    const { text, isComplete } = await run();
    expect([text, isComplete]).toEqual([
      'imported: 2 users, 1 tokens, 3 messages, a balance of 3700',
      true,
    ]);
    const alice = app.callerOf(KEY, 'Alice');
    expect(await alice.balance()).toBe(3700);
    const answer = await alice.chat('hello');
    expect(answer.body).toMatchObject({
      response: `This is a dummy AI response to your message: 'hello'`,
    });
    expect(await alice.balance()).toBe(3600);
    const history = (await alice.get('/api/chat/')).body as { results: Record<string, unknown>[] };
    expect(history.results.map(({ message }) => message)).toEqual([
      'hello',
      'third',
      'second',
      'Grüße',
    ]);
    expect(history.results[3]).toMatchObject({
      response: `This is a dummy AI response to your message: 'Grüße'`,
      timestamp: '2025-08-19T00:48:00.123456Z',
      tokens: 0,
      status: 'complete',
    });
    const ledger = (await alice.get('/api/wallet/ledger/')).body as { results: unknown[] };
    expect(ledger.results[1]).toMatchObject({
      kind: 'grant',
      amount: 3700,
      reason: 'Imported from Django',
    });
    expect((await alice.get('/api/me/')).body).toMatchObject({
      username: 'Alice',
      email: 'Alice@example.com',
      is_staff: false,
      created_at: '2025-08-01T10:00:00.000001Z',
    });
    const idle = await login('idle');
    const { token } = idle.body as { token: string };
    expect((await app.callerOf(token, 'idle').chat('no money')).status).toBe(402);
    expect(await app.database.differences()).toEqual([]);
  });

  it('accepts the old password, and stores it as argon2id from then on', async () => {
    await django.addUser({ id: 1, username: 'alice', password: djangoHash('pässword-ﬃ-1') });
    await run();
    expect(await hashOf('alice')).toMatch(/^pbkdf2_sha256\$/);
    expect((await login('alice', 'wrong')).status).toBe(400);
    expect(await hashOf('alice')).toMatch(/^pbkdf2_sha256\$/);
    expect((await login('ALICE', 'pässword-ﬃ-1')).status).toBe(200);
    expect(await hashOf('alice')).toMatch(/^\$argon2id\$/);
    expect((await login('alice', 'pässword-ﬃ-1')).status).toBe(200);
    expect((await login('alice', 'wrong')).status).toBe(400);
  });

  it('skips inactive users, keeps staff, and accepts no login without a password', async () => {
    await django.addUser({ id: 1, username: 'gone', isActive: false });
    await django.addToken(1, KEY);
    await django.addUser({ id: 2, username: 'boss', isStaff: true });
    const stranger = `!${'x'.repeat(40)}`;
    await django.addUser({ id: 3, username: 'stranger', password: stranger });
    await django.addUser({ id: 4, username: 'older', password: 'md5$salt$abc' });
    await django.addUser({
      id: 5,
      username: 'dear',
      password: djangoHash('x', 1).replace('$1$', '$9000000$'),
    });
    const cut = 'argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdHNhbHQ';
    await django.addUser({ id: 6, username: 'cut', password: cut });
    const { text, isComplete } = await run();
    expect(isComplete).toBe(true);
    expect(text).toContain(
      'password hashed by argon2: they need a new one (password-link): 1 (cut',
    );
    expect(text).toContain(
      'password hashed by md5: they need a new one (password-link): 1 (older (id 4))',
    );
    expect(text).toContain('1 (dear (id 5))');
    expect((await app.callerOf(KEY, 'gone').get('/api/me/')).body).toMatchObject({
      detail: 'User inactive or deleted.',
    });
    expect((await login('gone')).status).toBe(400);
    const { token } = (await login('boss')).body as { token: string };
    expect((await app.callerOf(token, 'boss').get('/api/admin/users/')).status).toBe(200);
    for (const [name, password] of [
      ['stranger', stranger],
      ['stranger', '!'],
      ['older', 'abc'],
      ['dear', 'x'],
      ['cut', 'x'],
    ] as const) {
      expect((await login(name, password)).status).toBe(400);
    }
  });

  it('changes nothing when it runs again, even after users were active', async () => {
    for (const id of [1, 2, 3]) await django.addUser({ id, username: `user${String(id)}` });
    await django.addToken(1, KEY);
    await django.addMessage(1, 'one', '2025-08-19 00:48:00');
    await run();
    const first = app.callerOf(KEY, 'user1');
    await first.chat('spent here');
    const { results } = (await first.get('/api/chat/')).body as {
      results: { conversation: string }[];
    };
    await first.send('DELETE', `/api/conversations/${results[1]?.conversation ?? ''}/`);
    const { token } = (await login('user2')).body as { token: string };
    await app.callerOf(token, 'user2').send('DELETE', '/api/me/', { password: PASSWORD });
    const before = await everyRowOf(app);
    const { text, isComplete } = await run();
    expect([text, isComplete]).toEqual([
      'imported: 0 users, 0 tokens, 0 messages, a balance of 0\nhere from before: 3 users',
      true,
    ]);
    expect(await everyRowOf(app)).toBe(before);
  });

  it('does nothing if a user is invalid, and skips such users with --skip', async () => {
    await app.newUser({ username: 'Taken' });
    await django.addUser({ id: 1, username: 'Ada' });
    await django.addUser({ id: 2, username: 'ada' });
    await django.addUser({ id: 3, username: 'taken' });
    await django.addUser({ id: 4, username: 'n'.repeat(151) });
    await django.addUser({ id: 5, username: 'with space' });
    await django.addUser({ id: 6, username: 'debtor', tokens: -1 });
    await django.addUser({ id: 7, username: 'fine' });
    const before = await everyRowOf(app);
    const refused = await run();
    expect(refused.isComplete).toBe(false);
    expect(refused.text.split('\n')).toEqual([
      'nothing was imported: mend these, or give --skip to leave them out',
      'left out: somebody before them has this username, ignoring case: 1 (ada (id 2))',
      'left out: somebody here has this username, ignoring case: 1 (taken (id 3))',
      `left out: the username is not one that can be registered here: 2 (${'n'.repeat(150)} (id 4), with space (id 5))`,
      'left out: the balance is not a whole number of tokens from 0: 1 (debtor (id 6))',
    ]);
    expect(await everyRowOf(app)).toBe(before);
    const skipped = await run({ skip: true });
    expect(skipped.isComplete).toBe(false);
    expect(skipped.text).toContain('imported: 2 users');
    const names = await app.database.rows('SELECT username FROM users ORDER BY username');
    expect(names).toHaveLength(3);
    expect((await login('ada')).status).toBe(200);
    expect(await app.database.count('users', `username IN ('Ada', 'fine', 'Taken')`)).toBe(3);
  });

  it('continues after an interruption in a long history; no login works before', async () => {
    await django.addUser({ id: 1, username: 'alice', tokens: 500 });
    await django.addToken(1, KEY);
    for (let n = 0; n < 450; n += 1)
      await django.addMessage(1, `message ${String(n)}`, '2025-08-19 00:48:00.5');
    await run();
    const restart = [
      'DELETE FROM ledger_entries',
      'DELETE FROM wallets',
      'DELETE FROM access_tokens',
      'UPDATE users SET is_active = false',
      `DELETE FROM turns WHERE id IN (SELECT id FROM turns ORDER BY id DESC LIMIT 250)`,
    ];
    for (const sql of restart) await app.database.rows(sql);
    expect((await login('alice')).status).toBe(400);
    await run();
    expect(await app.database.count('turns')).toBe(450);
    const alice = app.callerOf(KEY, 'alice');
    expect(await alice.balance()).toBe(500);
    expect((await alice.history()).map(({ message }) => message)).toEqual(
      Array.from({ length: 100 }, (_, n) => `message ${String(449 - n)}`),
    );
    expect(await app.database.count('conversations')).toBe(1);
  });

  it('names the option for tables that it does not find, and writes nothing', async () => {
    const other = await DjangoDatabase.create(kind, 'members');
    await other.addUser({ id: 1, username: 'alice' });
    await other.rows(
      'CREATE TABLE feedback (id bigint, user_id bigint, message text, response text, created_at text)',
    );
    await expect(run(NO_SKIP, other.url)).rejects.toThrow(
      /^several tables look like that of messages: give --messages-table with one of (members_chatmessage, feedback|feedback, members_chatmessage)$/,
    );
    const { text } = await run({ skip: false, ...{ messages: 'members_chatmessage' } }, other.url);
    expect(text).toContain('imported: 1 users');
    await other.rows('DROP TABLE authtoken_token');
    await expect(run({ skip: false, ...{ messages: 'none' } }, other.url)).rejects.toThrow(
      'no table of tokens with the columns key, user_id, created: give --tokens-table, or none',
    );
    await other.drop();
    await expect(run(NO_SKIP, 'sqlite:/nowhere/at/all')).rejects.toThrow('is not a file');
    await expect(run(NO_SKIP, app.databaseUrl)).rejects.toThrow(
      'no table of users with the columns',
    );
  });
});
