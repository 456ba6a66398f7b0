import type { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/transactions/tx.js';
import { UUID } from '../http/ids.js';

/** A turn was saved after the context of a question was read, so the context does not contain it. */
export class ContextOutdated extends Error {}

/** Returns the number of the newest turn of a conversation; 0 if it has none, or if the text is no id. */
export async function newestTurn(
  reads: Pick<ReadConnection, 'read'> | Pick<Tx, 'read'>,
  conversationId: string,
): Promise<number> {
  if (!UUID.test(conversationId)) return 0;
  const [row] = await reads.read<{ newest: number }>(
    `/* conversation.newest */ SELECT coalesce(max(ordinal), 0) AS newest FROM turns WHERE conversation_id = $1`,
    [conversationId],
  );
  return row?.newest ?? 0;
}

/** Throws `ContextOutdated` if a turn was saved since `newest` was read. The conversation must be locked. */
export async function assertNewestTurn(
  tx: Tx,
  conversationId: string,
  newest: number,
): Promise<void> {
  if ((await newestTurn(tx, conversationId)) !== newest) throw new ContextOutdated();
}
