import { Injectable } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';
import type { Keyset } from '../http/pagination.js';
import type { Micros } from '../time.js';

/** A keyset by `ordinal`, the number that a row got when it was saved. */
export interface OrdinalKeyset extends Omit<Keyset, 'key'> {
  readonly key: number | undefined;
}

type Table = 'turns' | 'conversations';

/**
 * Finds the position of a cursor's row in the order of saving. The id does not show the position: it is
 * created before the answer, and a later question may be saved first.
 */
@Injectable()
export class SavingOrder {
  constructor(private readonly reader: ReadConnection) {}

  /** Returns the keyset of a turn. The ledger still knows a deleted turn if it was paid for. */
  ofTurn(ownerId: string, keyset: Keyset): Promise<OrdinalKeyset> {
    const find = `/* turn.ordinal */ SELECT ordinal FROM turns WHERE id = $2 AND owner_id = $1
       UNION ALL SELECT turn_ordinal FROM ledger_entries
       WHERE owner_id = $1 AND turn_id = $2 AND turn_ordinal IS NOT NULL LIMIT 1`;
    return this.keysetOf('turns', find, ownerId, keyset);
  }

  ofConversation(ownerId: string, keyset: Keyset): Promise<OrdinalKeyset> {
    const find = `/* conversation.ordinal */ SELECT ordinal FROM conversations WHERE id = $2 AND owner_id = $1`;
    return this.keysetOf('conversations', find, ownerId, keyset);
  }

  private async keysetOf(
    table: Table,
    find: string,
    ownerId: string,
    { key: id, ...keyset }: Keyset,
  ): Promise<OrdinalKeyset> {
    if (id === undefined) return { ...keyset, key: undefined };
    const [row] = await this.reader.read<{ ordinal: number }>(find, [ownerId, id]);
    if (row) return { ...keyset, key: row.ordinal };
    const before = await this.lastBefore(table, ownerId, timeOfId(id));
    return { ...keyset, key: keyset.comparison === '>' ? before : before + 1 };
  }

  /**
   * Returns the position for a row that is in no table any more: the last row that was saved before its id was
   * created, or 0. A client that reads newer rows from there misses none. Reads about forty rows of the index at
   * most, however many there are.
   */
  private async lastBefore(table: Table, ownerId: string, moment: Micros): Promise<number> {
    const [newest] = await this.reader.read<{ ordinal: number | null }>(
      `/* ${table}.newest */ SELECT max(ordinal) AS ordinal FROM ${table} WHERE owner_id = $1`,
      [ownerId],
    );
    let [before, after] = [0, (newest?.ordinal ?? 0) + 1];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      const [row] = await this.reader.read<{ ordinal: number; createdAt: Micros }>(
        `/* ${table}.probe */ SELECT ordinal, created_at AS "createdAt" FROM ${table}
         WHERE owner_id = $1 AND ordinal >= $2 AND ordinal < $3 ORDER BY ordinal LIMIT 1`,
        [ownerId, middle, after],
      );
      if (row && row.createdAt < moment) before = row.ordinal;
      else after = middle;
    }
    return before;
  }
}

/** Returns the time when a UUIDv7 was created. For another text the result has no meaning. */
function timeOfId(id: string): Micros {
  return (Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) || 0) * 1000;
}
