import { existsSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import type { EntityClass } from '../../src/database/statements.js';
import type { Insertion, Statements } from '../../src/database/statements.js';
import { User } from '../../src/users/user.entity.js';
import { LedgerEntry } from '../../src/wallet/ledger-entry.entity.js';
import { RedemptionCode } from '../../src/wallet/redemption-code.entity.js';
import { Wallet } from '../../src/wallet/wallet.entity.js';
import { databaseKinds } from '../support/databases.js';
import { type Migrated, openMigrated } from '../support/migrated.js';
import { code, entry, user, wallet } from '../support/rows.js';
import { StatementLog } from '../support/statement-log.js';

describe.each(databaseKinds)('statements on %s', (kind) => {
  let owned: Migrated;
  let statements: Statements;
  let log: StatementLog;

  beforeAll(async () => {
    owned = await openMigrated(kind);
    log = new StatementLog([owned.database]);
  });
  beforeEach(async () => {
    statements = owned.database.statements;
    await owned.empty();
  });
  afterAll(() => owned.drop());

  const row = <Entity extends object>(entity: EntityClass<Entity>, values: Entity): Insertion => {
    const table = owned.database.getMetadata(entity);
    return {
      table,
      values: table.columns.map((column) => column.getEntityValue(values) as unknown),
    };
  };
  const ids = async (table: string, id = 'id'): Promise<string[]> => {
    const found = await statements.rows<{ id: string }>(
      `/* spec */ SELECT ${id} AS id FROM ${table} ORDER BY 1`,
      [],
    );
    return found.map((each) => each.id);
  };
  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: unknown) => error as QueryFailedError,
    );

  it('store every value unchanged', async () => {
    const odd = `Zoë "q" 'q' \\ \n\t漢字 🙂 $1 ?1 {"a":[1]} null`;
    const long = 'ä'.repeat(100_000);
    const ada = user('ada', {
      username: odd,
      email: '',
      passwordHash: long,
      isActive: true,
      isStaff: false,
      createdAt: Number.MAX_SAFE_INTEGER,
    });
    const stock = code('stock', 7);
    await statements.insert([row(User, ada), row(RedemptionCode, stock)]);
    const [stored] = await statements.rows<Record<string, unknown>>('SELECT * FROM users', []);
    expect({
      ...stored,
      is_active: stored?.['is_active'] === (kind === 'sqlite' ? 1 : true),
      is_staff: stored?.['is_staff'] === (kind === 'sqlite' ? 1 : true),
    }).toEqual({
      id: 'ada',
      username: odd,
      username_key: 'ada',
      email: '',
      password_hash: long,
      is_active: true,
      is_staff: false,
      created_at: Number.MAX_SAFE_INTEGER,
      ordinal: 0,
    });
    expect(await statements.rows('SELECT * FROM redemption_codes', [])).toEqual([
      {
        id: 'stock',
        digest: 'stock',
        amount: 7,
        reason: '',
        redeemed_by: null,
        redeemed_at: null,
        created_at: 0,
      },
    ]);
  });

  it('write rows of several tables, referenced rows first', async () => {
    const rows = [row(LedgerEntry, entry('ada', 1)), row(Wallet, wallet('ada'))];
    const issued = await log.during(async () => {
      await statements.insert([...rows, row(LedgerEntry, entry('ada', 2))]);
    });
    // SQLite needs one statement for each table, PostgreSQL one statement for all tables.
    expect(issued).toHaveLength(kind === 'sqlite' ? 2 : 1);
    for (const { sql } of issued) expect(sql).toMatch(/^\/\* [\w+]+\.insert \*\/ /);
    expect(await ids('ledger_entries')).toEqual(['ada 1', 'ada 2']);
    expect(await ids('wallets', 'owner_id')).toEqual(['ada']);
    // Other numbers of rows, and other tables.
    await statements.insert([row(Wallet, wallet('bob')), row(LedgerEntry, entry('bob', 1))]);
    await statements.insert([row(User, user('u1'))]);
    await statements.insert([row(User, user('u2')), row(User, user('u3'))]);
    expect(await ids('ledger_entries')).toEqual(['ada 1', 'ada 2', 'bob 1']);
    expect(await ids('users')).toEqual(['u1', 'u2', 'u3']);
  });

  it('run no statement for no rows', async () => {
    expect(await log.during(() => statements.insert([]))).toEqual([]);
  });

  it('write no row if one is refused, and report the statement', async () => {
    await statements.insert([row(User, user('first'))]);
    const rows = [row(User, user('new')), row(User, user('other', { usernameKey: 'first' }))];
    const refused = await refusal(statements.insert(rows));
    expect(refused).toBeInstanceOf(QueryFailedError);
    expect(refused?.query).toMatch(/^\/\* [\w+]+\.insert \*\//);
    expect(JSON.stringify(refused?.parameters)).toContain('other');
    expect(await ids('users')).toEqual(['first']);
  });

  it('take parameters by number, in any order, more than once and more than nine', async () => {
    const sql = `/* spec */ SELECT CAST($2 AS text) || CAST($1 AS text) || CAST($2 AS text) AS text`;
    expect(await statements.rows(sql, ['a', 'b'])).toEqual([{ text: 'bab' }]);
    const many = Array.from({ length: 11 }, (_, n) => `CAST($${String(11 - n)} AS text)`);
    const letters = 'a b c d e f g h i j k'.split(' ');
    expect(await statements.rows(`SELECT ${many.join(' || ')} AS text`, letters)).toEqual([
      { text: 'kjihgfedcba' },
    ]);
  });

  it('compare with the values of one list, of two lists, and of an empty list', async () => {
    await statements.insert(['a', 'b', 'c', 'd'].map((id) => row(User, user(id))));
    const one = `/* spec */ SELECT id FROM users WHERE id = ANY($1) ORDER BY id`;
    expect(await statements.rows(one, [['c', 'a', 'nobody']])).toEqual([{ id: 'a' }, { id: 'c' }]);
    expect(await statements.rows(one, [[]])).toEqual([]);
    const digits = Array.from({ length: 9 }, (_, n) => `CAST($${String(n + 1)} AS text)`);
    const two = `/* spec */ SELECT id FROM users WHERE (${digits.join(' || ')}) = '123456789'
      AND id = ANY($10) AND NOT (email = ANY($11)) ORDER BY id`;
    const parameters = [...'1 2 3 4 5 6 7 8 9'.split(' '), ['b', 'd'], ['somebody']];
    expect(await statements.rows(two, parameters)).toEqual([{ id: 'b' }, { id: 'd' }]);
  });

  it('are logged with their parameters, each once', async () => {
    const sql = '/* spec.named */ SELECT CAST($1 AS text) AS text';
    const issued = await log.during(() => statements.rows(sql, ['x']));
    expect(issued).toEqual([{ name: 'spec.named', sql, parameters: ['x'] }]);
  });

  it('report a syntax error and a constraint violation', async () => {
    const nonsense = '/* spec */ SELECT nonsense';
    const unclear = await refusal(statements.rows(nonsense, []));
    expect(unclear).toBeInstanceOf(QueryFailedError);
    expect(unclear).toMatchObject({ query: nonsense, parameters: [] });
    expect(unclear?.message).toContain('nonsense');
    await statements.insert([row(Wallet, wallet('ada'))]);
    const debt = '/* spec */ UPDATE wallets SET held = $1';
    const broken = await refusal(statements.rows(debt, [-1]));
    expect(broken).toBeInstanceOf(QueryFailedError);
    expect(broken).toMatchObject({ query: debt, parameters: [-1] });
    expect(broken?.message).toContain('wallets_covered');
    expect(await statements.rows('SELECT held FROM wallets', [])).toEqual([{ held: 0 }]);
  });

  it('accept a text later that was invalid before', async () => {
    const sql = '/* spec */ SELECT word FROM later';
    expect(await refusal(statements.rows(sql, []))).toBeInstanceOf(QueryFailedError);
    await statements.rows('CREATE TABLE later (word text)', []);
    await statements.rows(`INSERT INTO later VALUES ('here')`, []);
    expect(await statements.rows(sql, [])).toEqual([{ word: 'here' }]);
  });

  if (kind === 'postgres') {
    it('are prepared once on a connection, each under a name of its own', async () => {
      const runner = owned.database.createQueryRunner();
      const onOne = await owned.database.statementsOf(runner);
      const texts = ['/* spec */ SELECT 1 AS one', '/* spec */ SELECT 2 AS two'];
      for (const text of [...texts, ...texts]) await onOne.rows(text, []);
      const sql = 'SELECT statement FROM pg_prepared_statements WHERE statement = ANY($1)';
      const prepared = await onOne.rows<{ statement: string }>(sql, [texts]);
      await runner.release();
      expect(prepared.map(({ statement }) => statement).sort()).toEqual(texts);
    });
    return;
  }

  it('are released when the database is closed, including those that fail meanwhile', async () => {
    const other = await openMigrated(kind);
    const file = other.url.slice('sqlite:'.length);
    await other.database.statements.rows('SELECT id FROM users', []);
    expect(existsSync(`${file}-wal`)).toBe(true);
    const failing = refusal(other.database.statements.rows('SELECT nonsense', []));
    await other.database.destroy();
    expect(await failing).toBeInstanceOf(QueryFailedError);
    expect([existsSync(file), existsSync(`${file}-wal`)]).toEqual([true, false]);
    await other.drop();
  });
});
