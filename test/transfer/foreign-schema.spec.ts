import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { entities } from '../../src/entities.js';
import { backUp } from '../../src/transfer/backup.js';
import { restore } from '../../src/transfer/restore.js';
import { TestApp } from '../support/app.js';
import { createDatabase, Inspector, type TestDatabase } from '../support/databases.js';
import { auditOf } from '../support/full-audit.js';

const DEFAULTS = { replace: false, incomplete: false };
const optionsOf = (url: string) => ({ url, poolMax: 2, entities });

/** Changes the definition of a table, as a program may that writes a table anew. */
const redefine = (table: string, from: string, to: string) => [
  'PRAGMA writable_schema = ON',
  `UPDATE sqlite_master SET sql = replace(sql, '${from}', '${to}') WHERE name = '${table}'`,
  'PRAGMA writable_schema = RESET',
];
const pathOf = ({ url }: TestDatabase) => url.slice('sqlite:'.length);

describe('a backup whose schema was changed', () => {
  let source: TestDatabase;
  let target: TestDatabase;
  let backup: string;

  beforeEach(async () => {
    source = await createDatabase('sqlite');
    const app = await TestApp.start('sqlite', { DATABASE_URL: source.url });
    await (await app.newUser()).chat('Hello');
    await app.close();
    backup = `${pathOf(source)}.backup`;
    await backUp(optionsOf(source.url), backup, DEFAULTS);
    target = await createDatabase('sqlite');
  });
  afterEach(async () => {
    await source.drop();
    await target.drop();
  });

  const alter = async (...statements: string[]) => {
    const inspector = await Inspector.open(`sqlite:${backup}`);
    for (const sql of statements) await inspector.rows(sql);
    await inspector.close();
  };
  const restored = () => restore(optionsOf(target.url), backup, DEFAULTS);

  it.each([
    [
      'a trigger',
      'has a part of another program: trigger mint',
      [
        'CREATE TRIGGER mint AFTER INSERT ON ledger_entries BEGIN UPDATE wallets SET balance = balance + 1; END',
      ],
    ],
    [
      'a view in place of a table',
      'lacks a part of the schema: table turns',
      [
        'PRAGMA legacy_alter_table = ON',
        'ALTER TABLE turns RENAME TO hidden',
        'CREATE VIEW turns AS SELECT * FROM hidden',
      ],
    ],
    [
      'a trigger whose name is like those of SQLite',
      'has a part of another program: trigger sqlitemint',
      [
        'CREATE TRIGGER sqlitemint AFTER INSERT ON ledger_entries BEGIN UPDATE wallets SET balance = balance + 1; END',
      ],
    ],
    [
      'no unique index for keys',
      'lacks a part of the schema: index holds(',
      ['DROP INDEX holds_claim'],
    ],
    [
      'an index for keys that is not unique',
      'lacks a part of the schema: index holds(',
      ['DROP INDEX holds_claim', 'CREATE INDEX holds_claim ON holds (id)'],
    ],
    [
      'a unique index for keys that holds for no row',
      'lacks a part of the schema: index holds(',
      [
        'DROP INDEX holds_claim',
        'CREATE UNIQUE INDEX holds_claim ON holds (owner_id, claim_route, claim_key) WHERE 0',
      ],
    ],
    [
      'no column for thinking',
      'lacks a part of the schema: column turns.reasoning',
      ['ALTER TABLE turns DROP COLUMN reasoning'],
    ],
    [
      'a CHECK of a balance only in a comment',
      'lacks a part of the schema: CHECK of ledger_entries: balance_after > = 0',
      redefine(
        'ledger_entries',
        'CHECK ("balance_after" >= 0)',
        'CHECK (1) /* CHECK ("balance_after" >= 0) */',
      ),
    ],
    [
      'a CHECK that allows an overdrawn wallet',
      'lacks a part of the schema: CHECK of wallets: held > = 0 and balance > = held',
      redefine('wallets', '"held" >= 0 AND', '"held" >= 0 OR'),
    ],
    [
      'a balance of another type',
      'lacks a part of the schema: column wallets.balance bigint NOT NULL',
      redefine('wallets', '"balance" bigint', '"balance" text'),
    ],
    [
      'a balance that may be missing',
      'lacks a part of the schema: column wallets.balance bigint NOT NULL',
      redefine('wallets', '"balance" bigint NOT NULL', '"balance" bigint'),
    ],
    [
      'conversations that outlive their owner',
      'lacks a part of the schema: foreign key conversations.owner_id to users ON DELETE CASCADE',
      redefine('conversations', 'ON DELETE CASCADE', 'ON DELETE NO ACTION'),
    ],
    [
      'a ledger that replaces entries',
      'has a part of another program: ON CONFLICT of ledger_entries',
      redefine(
        'ledger_entries',
        'UNIQUE ("owner_id", "seq")',
        'UNIQUE ("owner_id", "seq") ON CONFLICT REPLACE',
      ),
    ],
  ])('is refused if it has %s, and nothing is created', async (_, words, statements) => {
    await alter(...statements);
    await expect(restored()).rejects.toThrow(words);
    const left = await readdir(dirname(pathOf(target)));
    expect(left.filter((name) => !name.endsWith('.lock'))).toEqual([]);
  });

  it('is accepted with more tables, indexes and views', async () => {
    await alter('CREATE TABLE notes (id integer)', 'CREATE INDEX notes_id ON notes (id)');
    await alter('CREATE VIEW spent AS SELECT owner_id, sum(amount) FROM turns GROUP BY 1');
    expect(await restored()).toMatch(/: 1 wallets, 2 ledger entries$/);
    expect((await auditOf(target.url)).missing).toEqual([]);
  });
});
