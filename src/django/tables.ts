import type { ForeignDatabase, ForeignTable } from '../database/foreign-database.js';

/** Names of tables from the operator; `none` for a table that does not exist. */
export interface TableNames {
  readonly users?: string | undefined;
  readonly tokens?: string | undefined;
  readonly messages?: string | undefined;
}

/** A table, and the names of its columns by their meaning. */
export interface MatchedTable<Column extends string> {
  readonly table: string;
  readonly columns: Readonly<Record<Column, string>>;
}

type ColumnNames<Column extends string> = Readonly<Record<Column, readonly string[]>>;
type UserColumn =
  'id' | 'username' | 'password' | 'email' | 'isActive' | 'isStaff' | 'joined' | 'balance';
type TokenColumn = 'key' | 'user' | 'created';
type MessageColumn = 'id' | 'user' | 'message' | 'response' | 'moment';

/** The possible names of each column, the most likely first. Columns of Django itself have one name. */
const USERS: ColumnNames<UserColumn> = {
  id: ['id'],
  username: ['username'],
  password: ['password'],
  email: ['email'],
  isActive: ['is_active'],
  isStaff: ['is_staff'],
  joined: ['date_joined'],
  balance: ['tokens', 'token_balance', 'balance', 'credits'],
};
const TOKENS: ColumnNames<TokenColumn> = { key: ['key'], user: ['user_id'], created: ['created'] };
const MESSAGES: ColumnNames<MessageColumn> = {
  id: ['id'],
  user: ['user_id', 'owner_id', 'author_id'],
  message: ['message', 'prompt', 'question'],
  response: ['response', 'reply', 'answer'],
  moment: ['timestamp', 'created_at', 'created', 'sent_at'],
};

/** The tables of a Django service; undefined for one that the operator declared as missing. */
export interface DjangoTables {
  readonly users: MatchedTable<UserColumn>;
  readonly tokens: MatchedTable<TokenColumn> | undefined;
  readonly messages: MatchedTable<MessageColumn> | undefined;
}

/**
 * Finds the tables by their columns, because each app chooses its own names. Throws an error that names the
 * option to give.
 */
export async function findTables(
  source: ForeignDatabase,
  names: TableNames,
): Promise<DjangoTables> {
  const tables = await source.tables();
  const users = find(tables, USERS, { kind: 'users', name: names.users });
  if (!users) throw new Error('--users-table cannot be none');
  return {
    users,
    tokens: find(tables, TOKENS, { kind: 'tokens', name: names.tokens }),
    messages: find(tables, MESSAGES, { kind: 'messages', name: names.messages }),
  };
}

function find<Column extends string>(
  tables: readonly ForeignTable[],
  shape: ColumnNames<Column>,
  { kind, name }: { kind: string; name: string | undefined },
): MatchedTable<Column> | undefined {
  if (name === 'none') return undefined;
  const among = name === undefined ? tables : tables.filter((table) => table.name === name);
  const matches = among
    .map((table) => matchColumns(table, shape))
    .filter((found) => found !== undefined);
  const option = `--${kind}-table`;
  const [only, ...others] = matches;
  if (others.length > 0) {
    const candidates = matches.map(({ table }) => table).join(', ');
    throw new Error(
      `several tables look like that of ${kind}: give ${option} with one of ${candidates}`,
    );
  }
  if (only) return only;
  const columns = Object.values<readonly string[]>(shape).map((any) => any.join(' or '));
  throw new Error(
    `no table of ${kind}${name === undefined ? '' : ` "${name}"`} with the columns ${columns.join(', ')}: give ${option}${kind === 'users' ? '' : ', or none'}`,
  );
}

function matchColumns<Column extends string>(
  { name, columns }: ForeignTable,
  shape: ColumnNames<Column>,
): MatchedTable<Column> | undefined {
  const chosen = Object.entries<readonly string[]>(shape).map(
    ([meaning, any]) => [meaning, any.find((one) => columns.has(one))] as const,
  );
  if (chosen.some(([, column]) => column === undefined)) return undefined;
  return { table: name, columns: Object.fromEntries(chosen) as Record<Column, string> };
}
