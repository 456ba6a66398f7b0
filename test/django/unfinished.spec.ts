import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DjangoImport } from '../../src/django/django-import.service.js';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { DjangoDatabase } from '../support/django.js';
import { rowCounts } from '../support/refusals.js';
import type { Caller } from '../support/client.js';

const NO_WALLET = expect.stringMatching(/^This user has no wallet yet\./) as unknown;

describe.each(databaseKinds)('a user whose import has not ended, on %s', (kind) => {
  let django: DjangoDatabase;
  let app: TestApp;
  let staff: Caller;

  beforeAll(async () => {
    django = await DjangoDatabase.create(kind);
    app = await TestApp.start(kind);
    staff = await app.newUser();
    await app.database.rows('UPDATE users SET is_staff = true');
  });
  afterAll(async () => {
    await app.close();
    await django.drop();
  });

  const run = () => app.nest.get(DjangoImport).run(django.url, { skip: false });
  /** Imports a user, up to an interruption: the account is inactive, and the wallet, which comes last, is missing. */
  const importPartly = async (id: number, username: string) => {
    await django.addUser({ id, username, tokens: 500 });
    await run();
    await app.database.rows('UPDATE users SET is_active = false WHERE username = $1', [username]);
    for (const table of ['ledger_entries', 'wallets'])
      await app.database.rows(
        `DELETE FROM ${table} WHERE owner_id = (SELECT id FROM users WHERE username = $1)`,
        [username],
      );
  };
  const listed = async () => {
    const { status, body } = await staff.get('/api/admin/users/');
    expect(status).toBe(200);
    const users = body.results as { username: string; active: boolean; balance: number }[];
    return users.map(({ username, active, balance }) => [username, active, balance]);
  };

  it('is listed with the others, with a balance of 0', async () => {
    await importPartly(1, 'bob');
    expect(await listed()).toEqual(
      expect.arrayContaining([
        ['bob', false, 0],
        [staff.username, true, 4000],
      ]),
    );
  });

  it('gets no activation and no grant before the import ends, and both afterwards', async () => {
    await importPartly(2, 'alice');
    const before = await rowCounts(app);
    const activate = () => staff.send('PATCH', '/api/admin/users/alice/', { active: true });
    const grant = (key: string) =>
      staff.send(
        'POST',
        '/api/admin/users/alice/grants/',
        { amount: 5, reason: 'goodwill' },
        { 'Idempotency-Key': key },
      );
    for (const { status, body } of [await activate(), await grant('early')])
      expect([status, body]).toEqual([400, { non_field_errors: [NO_WALLET] }]);
    expect((await listed()).find(([name]) => name === 'alice')).toEqual(['alice', false, 0]);
    expect(await rowCounts(app)).toEqual(before);
    await run();
    expect((await grant('early')).body).toEqual({ tokens: 5, balance: 505 });
    expect((await activate()).body).toMatchObject({ active: true, balance: 505 });
    expect(await app.database.differences()).toEqual([]);
  });
});
