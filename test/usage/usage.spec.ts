import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import { makeKey } from '../support/api-keys.js';
import { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { keepWithinOneDay } from '../support/midnight.js';

const DAY_MS = 86_400_000;
const NO_TIME = 'Enter a date or a time in ISO 8601.';
const dayBefore = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);

describe.each(databaseKinds)('GET /api/wallet/usage/ on %s', (kind) => {
  keepWithinOneDay();
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  const usage = async (caller: Caller, query = '') => {
    const { status, body } = await caller.get(`/api/wallet/usage/${query}`);
    expect(status).toBe(200);
    return body.results as unknown[];
  };
  /** Moves the newest charge of a caller into the past. */
  const backdate = (caller: Caller, days: number) =>
    app.database.rows(
      `UPDATE ledger_entries SET created_at = created_at - $2
       WHERE owner_id = (SELECT id FROM users WHERE username = $1)
         AND seq = (SELECT entry_count FROM wallets w WHERE w.owner_id = ledger_entries.owner_id)`,
      [caller.username, days * DAY_MS * 1000],
    );

  it('counts and sums the charges of each day, and nothing else', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    for (const days of [2, 2, 1]) {
      await ada.chat('then');
      await backdate(ada, days);
    }
    await ada.chat('now');
    await bob.chat('not hers');
    expect(await usage(ada)).toEqual([
      { day: dayBefore(2), count: 2, tokens: 200 },
      { day: dayBefore(1), count: 1, tokens: 100 },
      { day: dayBefore(0), count: 1, tokens: 100 },
    ]);
    expect(await usage(ada, `?from=${dayBefore(1)}&to=${dayBefore(0)}`)).toEqual([
      { day: dayBefore(1), count: 1, tokens: 100 },
    ]);
    expect(await usage(ada, `?by=day&to=${dayBefore(2)}`)).toEqual([]);
    expect(await ada.balance()).toBe(3600);
  });

  it('returns the summed time range, by default the last thirty days', async () => {
    const ada = await app.newUser();
    const { body } = await ada.get('/api/wallet/usage/');
    expect(Date.parse(body.to) - Date.parse(body.from)).toBe(30 * DAY_MS);
    const from = '2025-01-01T00:00:00.000001Z';
    const to = '2025-06-01T00:00:00.000000Z';
    const { body: asked } = await ada.get(`/api/wallet/usage/?from=${from}&to=2025-06-01`);
    expect(asked).toEqual({ from, to, results: [] });
  });

  it('includes the start and excludes the end, to the microsecond', async () => {
    const ada = await app.newUser();
    await ada.chat('one');
    const sql = `UPDATE ledger_entries SET created_at = $2
       WHERE kind = 'charge' AND owner_id = (SELECT id FROM users WHERE username = $1)`;
    await app.database.rows(sql, [ada.username, Date.UTC(2025, 7, 19) * 1000 + 5]);
    const between = (from: string, to: string) =>
      usage(ada, `?from=2025-08-19T00:00:00.${from}Z&to=2025-08-19T00:00:00.${to}Z`);
    expect(await between('000005', '000006')).toHaveLength(1);
    expect(await between('000004', '000005')).toEqual([]);
    expect(await between('000006', '000007')).toEqual([]);
    expect(await between('000005', '000005')).toEqual([]);
  });

  it('groups by model and by credential', async () => {
    const ada = await app.newUser();
    const { body } = await app.post('/api/login/', { username: ada.username, password: PASSWORD });
    const phone = new Caller(app.http, body.token as string, ada.username);
    await ada.chat('from the desk');
    await phone.chat('from the phone');
    await phone.chat('again');
    expect(await usage(ada, '?by=model')).toEqual([{ model: 'echo', count: 3, tokens: 300 }]);
    const byKey = (await usage(ada, '?by=key')) as { key: string; count: number }[];
    expect(byKey.map(({ count }) => count).sort()).toEqual([1, 2]);
    const ids = await app.database.rows<{ id: string }>(
      'SELECT id FROM access_tokens WHERE user_id = (SELECT id FROM users WHERE username = $1)',
      [ada.username],
    );
    expect(byKey.map(({ key }) => key).sort()).toEqual(ids.map(({ id }) => id).sort());
    expect(await ada.balance()).toBe(3700);
  });

  it('keeps models and keys after deletions, and no text', async () => {
    const ada = await app.newUser();
    const key = await makeKey(app.http, ada, { name: 'robot' });
    const answer = await key.caller.chat('words to forget');
    await ada.chat('stays');
    const sums = async () => [await usage(ada, '?by=model'), await usage(ada, '?by=key')];
    const before = await sums();
    expect(before[0]).toEqual([{ model: 'echo', count: 2, tokens: 200 }]);
    expect(before[1]).toContainEqual({ key: 'robot', id: key.id, count: 1, tokens: 100 });
    const conversation = String(answer.headers['conversation-id']);
    expect((await ada.send('DELETE', `/api/conversations/${conversation}/`)).status).toBe(204);
    expect((await ada.send('DELETE', `/api/keys/${key.id}/`)).status).toBe(204);
    expect(await sums()).toEqual(before);
    const entries = JSON.stringify(await app.database.rows('SELECT * FROM ledger_entries'));
    expect(entries).not.toContain('words to forget');
  });

  it('counts a renamed key under its new name, and two keys of one name separately', async () => {
    const ada = await app.newUser();
    const [one, two] = [await makeKey(app.http, ada), await makeKey(app.http, ada)];
    await one.caller.chat('hi');
    await two.caller.chat('hi');
    await ada.send('PATCH', `/api/keys/${two.id}/`, { name: 'zebra' });
    await two.caller.chat('hi');
    const rows = (await usage(ada, '?by=key')) as { key: string; id: string }[];
    expect(rows.map(({ key, id }) => [key, id])).toEqual([
      ['script', one.id],
      ['script', two.id],
      ['zebra', two.id],
    ]);
  });

  it.each([
    ['by=hour', 'by', '"hour" is not a valid choice.'],
    ['by=day%00', 'by', '"day\0" is not a valid choice.'],
    ['from=yesterday', 'from', NO_TIME],
    ['from=2025-02-31', 'from', NO_TIME],
    ['to=2025-01-01T25:00', 'to', NO_TIME],
    ['from=2025-06-01&to=2025-05-01', 'from', 'Must not be after "to".'],
    ['from=2025-01-01&to=2026-01-02T00:00:00.000001Z', 'from', 'At most 366 days at once.'],
    ['from=0000-01-01T00:00%2B01:00&to=0000-01-02', 'from', NO_TIME],
    ['to=9999-12-31T23:59-05:00', 'to', NO_TIME],
    ['from=9999-12-31', 'from', 'Must not be after "to".'],
  ])('answers 400 to ?%s and names the fault of %s', async (query, field, words) => {
    const ada = await app.newUser();
    const { status, body } = await ada.get(`/api/wallet/usage/?${query}`);
    expect([status, body]).toEqual([400, { [field]: [words] }]);
  });

  it('accepts a range of 366 days, and an empty parameter', async () => {
    const ada = await app.newUser();
    await ada.chat('now');
    expect(await usage(ada, '?from=2024-01-01&to=2025-01-01')).toEqual([]);
    expect(await usage(ada, '?from=2025-01-01&to=2026-01-02')).toEqual([]);
    expect(await usage(ada, '?from=&to=')).toEqual([{ day: dayBefore(0), count: 1, tokens: 100 }]);
  });
});
