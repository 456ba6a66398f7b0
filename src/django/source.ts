import { quote, type ForeignDatabase } from '../database/foreign-database.js';
import { fromIso, type Micros } from '../time.js';
import type { DjangoTables, MatchedTable } from './tables.js';

/** Number of users, and of messages of one user, read at once. */
const PEOPLE_PAGE = 200;
export const MESSAGES_PAGE = 200;

/** A row of the table of users. SQLite stores values of any type in any column, so a yes or no may be anything. */
export interface DjangoUser {
  readonly id: string;
  readonly username: string | null;
  readonly password: string | null;
  readonly email: string | null;
  readonly isActive: unknown;
  readonly isStaff: unknown;
  readonly joined: string | null;
  readonly balance: string | null;
}

export interface DjangoToken {
  readonly key: string;
  readonly created: string | null;
}

export interface DjangoMessage {
  readonly id: string;
  readonly message: string | null;
  readonly response: string | null;
  readonly moment: string | null;
}

/** Parses a time as SQLite stores it, or as PostgreSQL prints it in UTC. Returns undefined for other text. */
export function momentOf(text: string | null): Micros | undefined {
  return fromIso((text ?? '').replace(/(?<=:\d\d(?:\.\d+)?[+-]\d\d)$/, ':00'));
}

/** The columns that are not read as texts. */
const YES_OR_NO: readonly string[] = ['isActive', 'isStaff'];

/**
 * Reads a Django service, a page at a time. All values but yes and no are returned as texts, equal from both databases
 * and whatever type SQLite stored.
 */
export class DjangoSource {
  constructor(
    private readonly database: ForeignDatabase,
    private readonly tables: DjangoTables,
  ) {}

  /** Yields all users in the order of their ids, a page at a time. */
  async *people(): AsyncGenerator<DjangoUser[]> {
    const { users } = this.tables;
    const select = selection(users);
    let after: string | undefined;
    for (;;) {
      const page = await this.database.rows<DjangoUser>(
        `${select} ${keyset(users, 'id', after && '$1')} LIMIT ${String(PEOPLE_PAGE)}`,
        after === undefined ? [] : [after],
      );
      if (page.length > 0) yield page;
      if (page.length < PEOPLE_PAGE) return;
      after = page.at(-1)?.id;
    }
  }

  async tokensOf(userId: string): Promise<DjangoToken[]> {
    const { tokens } = this.tables;
    if (!tokens) return [];
    const { user, key } = tokens.columns;
    return this.database.rows(
      `${selection(tokens)} WHERE t.${quote(user)} = $1 AND t.${quote(key)} IS NOT NULL`,
      [userId],
    );
  }

  /** Returns the next page of a user's messages, in the order of their ids, after the message `after`. */
  async messagesOf(userId: string, after: string | undefined): Promise<DjangoMessage[]> {
    const { messages } = this.tables;
    if (!messages) return [];
    const select = selection(messages);
    const where = keyset(messages, 'id', after && '$2', `t.${quote(messages.columns.user)} = $1`);
    return this.database.rows(
      `${select} ${where} LIMIT ${String(MESSAGES_PAGE)}`,
      after === undefined ? [userId] : [userId, after],
    );
  }

  /** Returns the number of messages that belong to no existing user. */
  async messagesWithoutUser(): Promise<number> {
    const { users, messages } = this.tables;
    if (!messages) return 0;
    const [row] = await this.database.rows<{ count: number | string }>(
      `SELECT count(*) AS count FROM ${quote(messages.table)} t WHERE NOT EXISTS (SELECT 1
         FROM ${quote(users.table)} u WHERE u.${quote(users.columns.id)} = t.${quote(messages.columns.user)})`,
    );
    return Number(row?.count ?? 0);
  }
}

function selection({ table, columns }: MatchedTable<string>): string {
  const parts = Object.entries<string>(columns).map(([meaning, column]) => {
    const value = `t.${quote(column)}`;
    return `${YES_OR_NO.includes(meaning) ? value : `CAST(${value} AS text)`} AS ${quote(meaning)}`;
  });
  return `SELECT ${parts.join(', ')} FROM ${quote(table)} t`;
}

/** Orders by the ids as the table stores them. As text in the selection, 10 would sort before 9. */
function keyset<Column extends string>(
  { columns }: MatchedTable<Column>,
  key: NoInfer<Column>,
  after: string | undefined,
  condition = '1 = 1',
): string {
  const column = `t.${quote(columns[key])}`;
  const further = after === undefined ? '' : `AND ${column} > ${after}`;
  return `WHERE ${condition} ${further} ORDER BY ${column}`;
}
