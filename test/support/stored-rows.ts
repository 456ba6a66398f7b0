import type { Stored } from '../../src/wallet/stored.js';
import type { Inspector } from './databases.js';

type Row = Record<string, string | null>;

/** Bytes that each row counts in addition to its texts. */
export const ROW = 400;

const TEXTS = ['message', 'response', 'folded', 'reasoning', 'tool_calls', 'request', 'key_name'];

/** Counts what the rows of an owner store, in the same way as the wallet is meant to count it. */
export async function storedOf(database: Inspector, ownerId: string): Promise<Stored> {
  const rowsOf = (table: string) =>
    database.rows<Row>(`SELECT * FROM ${table} WHERE owner_id = $1`, [ownerId]);
  const sizeOf = (row: Row, ...columns: string[]) =>
    columns.reduce((sum, name) => sum + Buffer.byteLength(row[name] ?? ''), ROW);
  const conversations = await rowsOf('conversations');
  const sizes = [
    ...(await rowsOf('turns')).map((row) => sizeOf(row, ...TEXTS)),
    ...conversations.map((row) => sizeOf(row, 'system')),
    ...(await rowsOf('client_chats')).map((row) => sizeOf(row, 'chat_id')),
  ];
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), conversations: conversations.length };
}
