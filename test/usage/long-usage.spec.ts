import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LongReads } from '../../src/database/long-reads.js';
import { ReadConnection } from '../../src/database/read-connection.js';
import { UsageModule } from '../../src/usage/usage.module.js';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { until } from '../support/until.js';

const MORE = 12_000;
const ROUTES = [
  ['/api/wallet/usage/', 'ledger.usage', ['day', 'model', 'key']],
  ['/api/admin/usage/', 'ledger.usage_of_all', ['day', 'model', 'user']],
] as const;

/** SQL: copies the first charge of user $1 so many times, each of one token. */
const manyCharges = (kind: 'sqlite' | 'postgres') => {
  const numbers =
    kind === 'sqlite'
      ? 'WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $2)'
      : 'WITH numbers AS (SELECT generate_series(1, CAST($2 AS int)) AS n)';
  const id = `substr(e.id, 1, 24) || substr(CAST(100000000000 + n AS text), 1, 12)`;
  return `${numbers}
    INSERT INTO ledger_entries (id, owner_id, seq, kind, amount, balance_after, reason, model, credential_id, key_name, created_at)
    SELECT ${id}, owner_id, seq + n, kind, -1, balance_after, reason, model, credential_id, key_name, created_at
    FROM ledger_entries e, numbers
    WHERE e.kind = 'charge' AND e.owner_id = (SELECT id FROM users WHERE username = $1) AND e.seq = 2`;
};

/** Watches the statements with this name, and holds them back while `gate` is not open. */
function watch(reader: ReadConnection, name: string, gate: Promise<void> = Promise.resolve()) {
  const read = reader.read.bind(reader);
  const running = { now: 0, most: 0, total: 0 };
  reader.read = async (sql, parameters) => {
    if (!sql.startsWith(`/* ${name} */`)) return read(sql, parameters);
    running.total += 1;
    running.now += 1;
    running.most = Math.max(running.most, running.now);
    return gate.then(() => read<never>(sql, parameters)).finally(() => (running.now -= 1));
  };
  return { running, stop: () => void (reader.read = read) };
}

describe.each(databaseKinds)('a usage of many charges on %s', (kind) => {
  let app: TestApp;
  let ada: Caller;
  let bob: Caller;

  beforeAll(async () => {
    app = await TestApp.start(kind);
    [ada, bob] = [await app.newUser(), await app.newUser()];
    for (const { username } of [ada, bob])
      await app.database.rows('UPDATE users SET is_staff = $2 WHERE username = $1', [
        username,
        true,
      ]);
    await ada.chat('one');
    await app.database.rows(manyCharges(kind), [ada.username, MORE]);
  });
  afterAll(() => app.close());

  it.each(ROUTES)(
    'is read in statements of 5,000 entries, one after the other, by %s',
    async (path, name, groupings) => {
      const { running, stop } = watch(app.nest.get(ReadConnection), name);
      const answers = await Promise.all(groupings.map((by) => ada.get(`${path}?by=${by}`)));
      stop();
      for (const { status, body } of answers) {
        expect(status).toBe(200);
        expect(body.results).toEqual([
          expect.objectContaining({ count: 1 + MORE, tokens: 100 + MORE }),
        ]);
      }
      // The first entries are the opening grants. The ids of many charges are those of the first one.
      const steps = Math.ceil((2 + MORE) / 5000);
      expect(running).toEqual({ now: 0, most: 1, total: groupings.length * steps });
    },
  );

  it.each(ROUTES)('is refused while the same user waits for one of %s', async (...row) => {
    const [path, name] = row;
    const longReads = app.nest.select(UsageModule).get(LongReads, { strict: true });
    const before = longReads['waitMaxMs'];
    Object.assign(longReads, { waitMaxMs: 50 });
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const { running, stop } = watch(app.nest.get(ReadConnection), name, gate);
    const first = ada.get(path);
    await until(() => running.now === 1);
    const refused = await ada.get(path);
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
    expect(refused.body).toEqual({
      detail: 'Request was throttled. Expected available in 1 second.',
      code: 'throttled',
    });
    const ofBob = bob.get(path);
    open();
    expect([(await first).status, (await ofBob).status]).toEqual([200, 200]);
    expect(running.most).toBe(1);
    stop();
    Object.assign(longReads, { waitMaxMs: before });
    expect((await ada.get(path)).status).toBe(200);
  });
});
