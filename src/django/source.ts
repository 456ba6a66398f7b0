import { quote, type ForeignDatabase } from '../database/foreign-database.js';
import { fromIso, type Micros } from '../time.js';
import type { DjangoTables, Found } from './tables.js';

/** People read at once, and messages of one of them. */
const PEOPLE_PAGE = 200;
export const MESSAGES_PAGE = 200;

/** A row of the table of users. */
export interface DjangoUser {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly email: string | null;
  readonly isActive: boolean | 0 | 1;
  readonly isStaff: boolean | 0 | 1;
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

/** A time as SQLite keeps it, or as PostgreSQL tells it in UTC; undefined for what is none. */
export function momentOf(text: string | null): Micros | undefined {
  return fromIso((text ?? '').replace(/(?<=:\d\d(?:\.\d+)?[+-]\d\d)$/, ':00'));
}

/** Reads a Django service, a page at a time. Ids, amounts and times come as texts, alike from both databases. */
export class DjangoSource {
  constructor(
    private readonly database: ForeignDatabase,
    private readonly tables: DjangoTables,
  ) {}

  /** All users by their ids, a page at a time. */
  async *people(): AsyncGenerator<DjangoUser[]> {
    const { users } = this.tables;
    const select = selection(users, ['id', 'joined', 'balance']);
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
    const sql = `${selection(tokens, ['created'])} WHERE t.${quote(tokens.columns.user)} = $1`;
    return this.database.rows(sql, [userId]);
  }

  /** One page of a person's messages, by their ids, after that of `after`. */
  async messagesOf(userId: string, after: string | undefined): Promise<DjangoMessage[]> {
    const { messages } = this.tables;
    if (!messages) return [];
    const select = selection(messages, ['id', 'moment']);
    const where = keyset(messages, 'id', after && '$2', `t.${quote(messages.columns.user)} = $1`);
    return this.database.rows(
      `${select} ${where} LIMIT ${String(MESSAGES_PAGE)}`,
      after === undefined ? [userId] : [userId, after],
    );
  }

  /** How many messages belong to no user that there is. */
  async messagesOfNobody(): Promise<number> {
    const { users, messages } = this.tables;
    if (!messages) return 0;
    const [row] = await this.database.rows<{ count: number | string }>(
      `SELECT count(*) AS count FROM ${quote(messages.table)} t WHERE NOT EXISTS (SELECT 1
         FROM ${quote(users.table)} u WHERE u.${quote(users.columns.id)} = t.${quote(messages.columns.user)})`,
    );
    return Number(row?.count ?? 0);
  }
}

function selection<Column extends string>(
  { table, columns }: Found<Column>,
  asText: readonly NoInfer<Column>[],
): string {
  const parts = Object.entries<string>(columns).map(([meaning, column]) => {
    const value = `t.${quote(column)}`;
    const isText = asText.includes(meaning as Column);
    return `${isText ? `CAST(${value} AS text)` : value} AS ${quote(meaning)}`;
  });
  return `SELECT ${parts.join(', ')} FROM ${quote(table)} t`;
}

/** The order of the ids as the table has them: a text in the selection would sort 10 before 9. */
function keyset<Column extends string>(
  { columns }: Found<Column>,
  key: NoInfer<Column>,
  after: string | undefined,
  condition = '1 = 1',
): string {
  const column = `t.${quote(columns[key])}`;
  const further = after === undefined ? '' : `AND ${column} > ${after}`;
  return `WHERE ${condition} ${further} ORDER BY ${column}`;
}
