import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DjangoImport } from '../../src/django/django-import.service.js';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { DjangoDatabase } from '../support/django.js';

const PASSWORD = 'Str0ng-pass-1';
const KEY = '9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b';

describe.each(databaseKinds)('import-django of an SQLite file into %s', (kind) => {
  let django: DjangoDatabase;
  let app: TestApp;

  beforeAll(async () => {
    django = await DjangoDatabase.create('sqlite');
    app = await TestApp.start(kind);
  });
  afterAll(async () => {
    await app.close();
    await django.drop();
  });

  const run = async (skip: boolean) =>
    String(await app.nest.get(DjangoImport).run(django.url, { skip }));
  const login = (username: string) => app.post('/api/login/', { username, password: PASSWORD });

  it('reads values of any type, and lets in only whom Django lets in', async () => {
    for (const [n, username] of ['bytes', 'clerk', 'locked', 'nobody'].entries()) {
      await django.addUser({ id: n + 1, username });
    }
    await django.addToken(1, KEY);
    await django.addMessage(1, 'one', '2025-08-19 00:48:00');
    await django.rows(`UPDATE chat_chatmessage SET message = x'6f6e65', response = x'ff'`);
    await django.rows(`UPDATE chat_user SET password = x'ff00', email = x'ff' WHERE id = 1`);
    await django.rows(`UPDATE chat_user SET is_staff = 'false' WHERE id = 2`);
    await django.rows(`UPDATE chat_user SET is_active = 'no' WHERE id = 3`);
    await django.rows(`UPDATE chat_user SET username = x'610062' WHERE id = 4`);
    expect(await run(false)).toContain('the username is not one that can be registered here: 1 (');
    expect(await app.database.count('users')).toBe(0);
    expect(await run(true)).toContain(
      'imported: 3 users, 1 tokens, 1 messages, a balance of 12000',
    );
    const history = (await app.callerOf(KEY, 'bytes').get('/api/chat/')).body;
    expect(history).toMatchObject({ results: [{ message: 'one', status: 'complete' }] });
    expect((await login('bytes')).status).toBe(400);
    expect((await login('locked')).status).toBe(400);
    const { token } = (await login('clerk')).body as { token: string };
    expect((await app.callerOf(token, 'clerk').get('/api/admin/users/')).status).toBe(403);
    expect(await app.database.unbalancedWallets()).toEqual([]);
  });
});
