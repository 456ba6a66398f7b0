import { Injectable } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';
import type { Keyset } from '../http/pagination.js';
import type { Micros } from '../time.js';

/** A keyset by `ordinal`, the number that was given when a row was saved. */
export interface OrdinalKeyset extends Omit<Keyset, 'key'> {
  readonly key: number | undefined;
}

type Table = 'turns' | 'conversations';

/**
 * Finds where a row that a cursor names stands in the order of saving. Ids do not tell: they are made before the
 * answer, and what is asked later may be saved first.
 */
@Injectable()
export class SavingOrder {
  constructor(private readonly reader: ReadConnection) {}

  /** The ledger still knows a turn that was deleted, where that was paid for. */
  ofTurn(ownerId: string, keyset: Keyset): Promise<OrdinalKeyset> {
    const find = `/* turn.ordinal */ SELECT ordinal FROM turns WHERE id = $2 AND owner_id = $1
       UNION ALL SELECT turn_ordinal FROM ledger_entries
       WHERE owner_id = $1 AND turn_id = $2 AND turn_ordinal IS NOT NULL LIMIT 1`;
    return this.placed('turns', find, ownerId, keyset);
  }

  ofConversation(ownerId: string, keyset: Keyset): Promise<OrdinalKeyset> {
    const find = `/* conversation.ordinal */ SELECT ordinal FROM conversations WHERE id = $2 AND owner_id = $1`;
    return this.placed('conversations', find, ownerId, keyset);
  }

  private async placed(
    table: Table,
    find: string,
    ownerId: string,
    { key: id, ...keyset }: Keyset,
  ): Promise<OrdinalKeyset> {
    if (id === undefined) return { ...keyset, key: undefined };
    const [row] = await this.reader.read<{ ordinal: number }>(find, [ownerId, id]);
    if (row) return { ...keyset, key: row.ordinal };
    const before = await this.lastBefore(table, ownerId, momentOf(id));
    return { ...keyset, key: keyset.comparison === '>' ? before : before + 1 };
  }

  /**
   * For a row that is gone without a trace: the last that was saved before its id was made, or 0. Who reads newer
   * ones from there misses nothing. Looks at some forty rows of the index at most, however many there are.
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

/** When a UUIDv7 was made; of anything else, some moment. */
function momentOf(id: string): Micros {
  return (Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) || 0) * 1000;
}
