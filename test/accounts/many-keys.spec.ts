import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { until } from '../support/until.js';

/** As many as 40 statements change. */
const KEYS = 20_000;

/** On PostgreSQL only: SQLite removes the entries of changed rows from the index at once. */
describe.each(databaseKinds.filter((kind) => kind === 'postgres'))(
  'DELETE /api/me/ with many idempotency keys on %s',
  (kind) => {
    let app: TestApp;

    beforeAll(async () => {
      app = await TestApp.start(kind);
    });
    afterAll(() => app.close());

    it('reads the entry of each key a few times, not once for each statement', async () => {
      const ada = await app.newUser();
      const owner = await app.ownerOf(ada);
      expect((await ada.chat('hi', { 'Idempotency-Key': 'first' })).status).toBe(200);
      const copied = `owner_id, amount, captured_amount, state, expires_at, created_at, resolved_at, process_id,
        claim_route, claim_hash`;
      await app.database.rows(
        `INSERT INTO holds (id, ${copied}, claim_key)
         SELECT gen_random_uuid()::text, ${copied}, 'k' || n FROM holds, generate_series(1, $2) n
         WHERE owner_id = $1`,
        [owner, KEYS],
      );
      await app.database.rows('ANALYZE holds');
      const rowsRead = async () => {
        const [row] = await app.database.rows<{ count: string }>(
          `SELECT pg_stat_clear_snapshot(), seq_tup_read + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes i
             WHERE i.relid = t.relid) AS count
           FROM pg_stat_user_tables t WHERE relname = 'holds'`,
        );
        return Number(row?.count);
      };
      const before = await rowsRead();
      expect((await ada.send('DELETE', '/api/me/', { password: PASSWORD })).status).toBe(204);
      expect(await app.database.count('holds', 'claim_key IS NOT NULL')).toBe(0);
      expect(await app.database.count('holds')).toBe(KEYS + 1);
      // A server connection reports what it read a while after it has become idle.
      await until(async () => (await rowsRead()) - before >= KEYS);
      // If each statement reads them again, they are 400,000.
      expect((await rowsRead()) - before).toBeLessThan(8 * KEYS);
    });
  },
);
