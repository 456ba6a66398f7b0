import {
  TableCheck,
  TableColumn,
  TableIndex,
  TableUnique,
  type MigrationInterface,
  type QueryRunner,
  type Table,
} from 'typeorm';
import { suspendForeignKeys } from './foreign-keys.js';

/** Every table has a UUIDv7 for its key: rows that are written together stand together. */
const TABLES = [
  'users',
  'access_tokens',
  'jwt_families',
  'wallets',
  'ledger_entries',
  'holds',
  'redemption_codes',
  'conversations',
  'turns',
];

const KEY = ['owner_id', 'claim_route', 'claim_key'];
const keyIndex = (table: string) =>
  new TableIndex({
    name: `${table}_claim`,
    columnNames: KEY,
    isUnique: true,
    where: '"claim_key" IS NOT NULL',
  });
const keyUnique = (table: string) => new TableUnique({ name: `${table}_claim`, columnNames: KEY });
const KEYED = ['holds', 'ledger_entries'];

/** The unique index led to the holds of an owner, which the audit sums. */
const ownerIndex = new TableIndex({ name: 'holds_owner_id', columnNames: ['owner_id'] });

const HOLD_INDEX = 'turns_hold_id';
const holdIndex = (where?: string) =>
  new TableIndex({ name: HOLD_INDEX, columnNames: ['hold_id'], ...(where && { where }) });
const holdColumn = (isNullable: boolean) =>
  new TableColumn({ name: 'hold_id', type: 'varchar', length: '36', isNullable });

/** The last CHECK of a table WITHOUT ROWID, which TypeORM does not find if no foreign key follows it. */
const UNSEEN_CHECKS = new Map([
  [
    'wallets',
    new TableCheck({ name: 'wallets_covered', expression: '"held" >= 0 AND "balance" >= "held"' }),
  ],
  [
    'redemption_codes',
    new TableCheck({ name: 'redemption_codes_amount', expression: '"amount" > 0' }),
  ],
]);

/**
 * What a chat writes, made less: a key is in an index only where there is one, a turn that was charged at
 * once has no hold, and on SQLite a table is its primary key's tree (WITHOUT ROWID), not a second tree
 * beside it.
 */
export class Slim1764000004000 implements MigrationInterface {
  readonly name = 'Slim1764000004000';

  async up(runner: QueryRunner): Promise<void> {
    if (runner.connection.options.type === 'sqlite') {
      for (const name of TABLES) await rebuild(runner, name, slimmer);
      return;
    }
    for (const name of KEYED) {
      await runner.dropUniqueConstraint(name, keyUnique(name));
      await runner.createIndex(name, keyIndex(name));
    }
    await runner.createIndex('holds', ownerIndex);
    await runner.changeColumn('turns', holdColumn(false), holdColumn(true));
    await runner.dropIndex('turns', HOLD_INDEX);
    await runner.createIndex('turns', holdIndex('"hold_id" IS NOT NULL'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`UPDATE turns SET hold_id = '' WHERE hold_id IS NULL`);
    if (runner.connection.options.type === 'sqlite') {
      await suspendForeignKeys(runner);
      for (const name of TABLES) await rebuild(runner, name, wider);
      return;
    }
    for (const name of KEYED) {
      await runner.dropIndex(name, `${name}_claim`);
      await runner.createUniqueConstraint(name, keyUnique(name));
    }
    await runner.dropIndex('holds', ownerIndex);
    await runner.dropIndex('turns', HOLD_INDEX);
    await runner.changeColumn('turns', holdColumn(true), holdColumn(false));
    await runner.createIndex('turns', holdIndex());
  }
}

/** Copies a table of SQLite into one of another shape, which takes its name. */
async function rebuild(
  runner: QueryRunner,
  name: string,
  reshape: (table: Table, name: string) => void,
): Promise<void> {
  const table = await runner.getTable(name);
  if (!table) throw new Error(`no table ${name}`);
  const copy = table.clone();
  reshape(copy, name);
  for (const check of copy.checks) check.expression = withoutParentheses(check.expression ?? '');
  const indices = copy.indices;
  copy.name = `new_${name}`;
  copy.indices = [];
  const columns = copy.columns.map((column) => `"${column.name}"`).join(', ');
  const key = copy.primaryColumns.map((column) => `"${column.name}"`).join(', ');
  await runner.createTable(copy);
  await runner.query(
    `INSERT INTO "new_${name}" (${columns}) SELECT ${columns} FROM "${name}" ORDER BY ${key}`,
  );
  await runner.query(`DROP TABLE "${name}"`);
  await runner.query(`ALTER TABLE "new_${name}" RENAME TO "${name}"`);
  copy.name = name;
  for (const index of indices) await runner.createIndex(copy, index);
}

/** SQLite tells a check's expression in parentheses, and TypeORM writes another pair around it. */
function withoutParentheses(expression: string): string {
  let depth = 0;
  const isPair = Array.from(expression).every((character, index, all) => {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    return depth > 0 || index === all.length - 1;
  });
  return isPair ? withoutParentheses(expression.slice(1, -1)) : expression;
}

function slimmer(table: Table, name: string): void {
  table.withoutRowid = true;
  if (KEYED.includes(name)) {
    table.uniques = table.uniques.filter((unique) => unique.name !== `${name}_claim`);
    table.addIndex(keyIndex(name));
  }
  if (name === 'holds') table.addIndex(ownerIndex);
  if (name === 'turns') reholdTurns(table, true, holdIndex('"hold_id" IS NOT NULL'));
}

function wider(table: Table, name: string): void {
  table.withoutRowid = false;
  const unseen = UNSEEN_CHECKS.get(name);
  if (unseen) table.addCheckConstraint(unseen.clone());
  if (KEYED.includes(name)) {
    const added = [`${name}_claim`, ownerIndex.name];
    table.indices = table.indices.filter((index) => !added.includes(index.name));
    table.uniques.push(keyUnique(name));
  }
  if (name === 'turns') reholdTurns(table, false, holdIndex());
}

function reholdTurns(turns: Table, isNullable: boolean, index: TableIndex): void {
  for (const column of turns.columns) if (column.name === 'hold_id') column.isNullable = isNullable;
  turns.indices = [...turns.indices.filter(({ name }) => name !== HOLD_INDEX), index];
}
