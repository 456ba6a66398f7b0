import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { usernameKey } from '../../src/users/users.service.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';

/** Names that a registration refuses today. Imports and older releases may have created such users. */
const NAMES = [
  'a/b/c',
  'ends/',
  '100%',
  '%2F',
  'with spaces in it',
  'quote"\'<&>',
  '?query#hash',
  'a+b;c=d',
  'ж'.repeat(200),
  '名'.repeat(300),
  'x'.repeat(900),
  '-rf',
];

describe.each(databaseKinds)('users with odd names on %s', (kind) => {
  let app: TestApp;
  let staff: Caller;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    staff = await app.newUser({ username: 'operator' });
    await app.database.rows('UPDATE users SET is_staff = $1', [true]);
  });
  afterAll(() => app.close());

  const rename = async (to: string) => {
    const { username } = await app.newUser();
    const change = 'UPDATE users SET username = $2, username_key = $3 WHERE username = $1';
    await app.database.rows(change, [username, to, usernameKey(to)]);
  };
  const manage = async (named: string) => {
    const path = `/api/admin/users/${named}`;
    const key = { 'Idempotency-Key': 'k' };
    const gift = { amount: 1, reason: 'gift' };
    const answers = [
      await staff.send('PATCH', `${path}/`, { active: false, reason: 'odd' }),
      await staff.send('PATCH', `${path}/`, { active: true }),
      await staff.send('POST', `${path}/grants/`, gift, key),
      await staff.send('DELETE', `${path}/sessions/`),
    ];
    return answers.map(({ status }) => status);
  };

  it.each(NAMES)('can be managed by name: %s', async (name) => {
    await rename(name);
    const escaped = encodeURIComponent(name);
    expect(await manage(escaped)).toEqual([200, 200, 201, 204]);
  });

  it.each(['.', '..'])('can be managed by id if no client can send the name: %s', async (name) => {
    await rename(name);
    const { body } = await staff.get('/api/admin/users/?page_size=1');
    const [{ id, username }] = body.results as [{ id: string; username: string }];
    expect(username).toBe(name);
    expect(await manage(`id:${id}`)).toEqual([200, 200, 201, 204]);
    expect((await manage(`id:${id.replace(/^./, 'f')}`)).slice(0, 3)).toEqual([404, 404, 404]);
    const entries = await app.database.count('trail_entries', `target_id = '${id}'`);
    expect(entries).toBe(4);
  });
});
