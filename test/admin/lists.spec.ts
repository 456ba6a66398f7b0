import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NumberedLists } from '../../src/database/numbered-lists.js';
import { UnitOfWork } from '../../src/database/transactions/unit-of-work.js';
import { UsersService } from '../../src/users/users.service.js';
import { TestApp } from '../support/app.js';
import type { Answer, Caller } from '../support/client.js';
import { databaseKinds } from '../support/databases.js';
import { getPage, itemsOf, walk, type Item } from '../support/pages.js';
import { until } from '../support/until.js';

const AT_A_TIME = 6;
const CHANGES = 60;

const USERS = '/api/admin/users/';
const TRAIL = '/api/admin/trail/';
const cursorOf = (text: string) => Buffer.from(text).toString('base64url');
const ids = (items: readonly Item[]) => items.map(({ id }) => id);

describe.each(databaseKinds)('lists of operators on %s', (kind) => {
  let app: TestApp;
  let staff: Caller;

  beforeAll(async () => {
    app = await TestApp.start(kind, { DATABASE_POOL_MAX: '4' });
    staff = await app.newUser();
    await app.database.rows('UPDATE users SET is_staff = $1', [true]);
  });
  afterAll(() => app.close());

  const create = async (username: string): Promise<Answer> => {
    const answer = await staff.send('POST', USERS, { username, reason: 'spec' });
    expect([username, answer.status]).toEqual([username, 201]);
    return answer;
  };
  const isWaiting = async () => {
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    return (await app.database.rows(waiting)).length > 0;
  };
  const newest = async (list: string) => (await getPage(staff, `${list}?page_size=1`)).results[0];
  const newerThan = async (list: string, id: string) => {
    const path = `${list}?page_size=100&cursor=${cursorOf(`newer:${id}`)}`;
    return ids((await getPage(staff, path)).results).reverse();
  };

  it('show a client that pages through them each row once, in order', async () => {
    await create(`first-${kind}`);
    let isOver = false;
    const follow = async (list: string, start: Item | undefined) => {
      const seen = [String(start?.id)];
      for (let wasOver = false; !wasOver;) {
        wasOver = isOver;
        seen.push(...(await newerThan(list, seen.at(-1) ?? '')));
      }
      return seen;
    };
    const [user, change] = [await newest(USERS), await newest(TRAIL)];
    const following = [follow(USERS, user), follow(TRAIL, change)];
    let left = CHANGES;
    const worker = async () => {
      for (; left > 0;) await create(`${kind}-${String((left -= 1))}`);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    isOver = true;
    for (const [index, list] of [USERS, TRAIL].entries()) {
      const seen = (await following[index]) ?? [];
      const all = ids(itemsOf(await walk(staff, `${list}?page_size=7`))).reverse();
      expect(all.slice(-seen.length)).toEqual(seen);
      expect(seen).toHaveLength(CHANGES + 1);
    }
  });

  it('show no row before an earlier row that is not committed yet', async () => {
    await create(`before-${kind}`);
    const [user, change] = [await newest(USERS), await newest(TRAIL)];
    const early = '00000000-0000-7000-8000-00000000000a';
    let late: Promise<Answer> | undefined;
    await app.database.inTransaction(async (rows) => {
      await rows('UPDATE numbered_lists SET last_ordinal = last_ordinal + 1');
      const number = (list: string) =>
        `(SELECT last_ordinal FROM numbered_lists WHERE name = '${list}')`;
      await rows(
        `INSERT INTO users (id, username, username_key, email, password_hash, is_active, is_staff, created_at, ordinal)
         VALUES ($1, 'early', 'early', '', '', true, false, 1, ${number('users')})`,
        [early],
      );
      await rows(
        `INSERT INTO wallets (owner_id, balance, held, entry_count, spent_amount, spent_day, created_at)
         VALUES ($1, 0, 0, 0, 0, 0, 1)`,
        [early],
      );
      await rows(
        `INSERT INTO trail_entries (id, action, target_id, reason, created_at, ordinal)
         VALUES ($1, 'create_user', $1, '', 1, ${number('trail_entries')})`,
        [early],
      );
      late = create(`late-${kind}`);
      if (kind === 'postgres') {
        await until(isWaiting);
      }
      expect(await newerThan(USERS, user?.id ?? '')).toEqual([]);
      expect(await newerThan(TRAIL, change?.id ?? '')).toEqual([]);
    });
    const { body } = (await late) ?? {};
    expect(await newerThan(USERS, user?.id ?? '')).toEqual([early, (body as Item).id]);
    expect((await newerThan(TRAIL, change?.id ?? ''))[0]).toBe(early);
    expect(await newerThan(TRAIL, change?.id ?? '')).toHaveLength(2);
  });

  if (kind === 'postgres') {
    it('use one connection for all registrations that wait for a number', async () => {
      const [unitOfWork, lists] = [app.nest.get(UnitOfWork), app.nest.get(NumberedLists)];
      let numbers: Promise<number[]> | undefined;
      await app.database.inTransaction(async (rows) => {
        await rows('UPDATE numbered_lists SET last_ordinal = last_ordinal');
        const next = () =>
          unitOfWork.runOneAtATime('users', (tx) => lists.nextOrdinal(tx, 'users'));
        numbers = Promise.all(Array.from({ length: 6 }, next));
        await until(isWaiting);
        expect((await staff.chat('meanwhile')).status).toBe(200);
      });
      const given = (await numbers) ?? [];
      expect(given.map((number) => number - (given[0] ?? 0))).toEqual([0, 1, 2, 3, 4, 5]);
    });
  }

  it('continue after a deleted user, by link and by id, and skip no row', async () => {
    const made: string[] = [];
    for (const n of [1, 2, 3, 4]) {
      made.push(((await create(`gone-${kind}-${String(n)}`)).body as Item).id);
    }
    const [a, b, c, d] = made;
    const first = await getPage(staff, `${USERS}?page_size=2`);
    expect(ids(first.results)).toEqual([d, c]);
    await app.nest.get(UnitOfWork).run((tx) => app.nest.get(UsersService).remove(tx, c ?? ''));
    const second = await getPage(staff, first.next ?? '');
    expect(ids(second.results)).toEqual([b, a]);
    expect(ids((await getPage(staff, second.previous ?? '')).results)).toEqual([d]);
    // The id alone does not show the position of the deleted row. Rows may be repeated, but none is skipped.
    expect(await newerThan(USERS, c ?? '')).toContain(d);
    const older = await getPage(
      staff,
      `${USERS}?page_size=100&cursor=${cursorOf(`older:${c ?? ''}`)}`,
    );
    expect(ids(older.results)).toEqual(expect.arrayContaining([b, a]));
    for (const cursor of ['newer:1.2', 'older:x', `newer:1.${a ?? ''}.2`]) {
      expect((await staff.get(`${USERS}?cursor=${cursorOf(cursor)}`)).status).toBe(404);
    }
  });

  it('list rows without a number last, in the order of their ids', async () => {
    for (let n = 0; n < 6; n += 1) await create(`old-${kind}-${String(n)}`);
    const before = ids(itemsOf(await walk(staff, `${USERS}?page_size=100`)));
    const oldest = before.slice(-5);
    await app.database.rows('UPDATE users SET ordinal = 0 WHERE id = ANY($1)', [oldest]);
    const walked = ids(itemsOf(await walk(staff, `${USERS}?page_size=2`)));
    expect(walked).toEqual([...before.slice(0, -5), ...[...oldest].sort().reverse()]);
    const last = walked.at(-1) ?? '';
    expect(await newerThan(USERS, last)).toEqual(walked.slice(0, -1).reverse().slice(0, 100));
  });
});
