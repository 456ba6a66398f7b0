import { Injectable } from '@nestjs/common';
import { UUID_PATTERN } from '../new-id.js';
import { ReadConnection } from './read-connection.js';
import type { Tx } from './transactions/tx.js';

/**
 * A list that holds rows of all users, by its table. The rows of one user are numbered by the user's wallet
 * instead.
 */
type ListName = 'users' | 'trail_entries';

/** The position of a row in its list. Rows older than the numbers have ordinal 0 and are sorted by their ids. */
export interface ListPosition {
  readonly ordinal: number;
  readonly id: string;
}

/**
 * A key of a row: its position, as the links of pages contain it, or its id alone, as clients know it from the row.
 */
export const POSITION_KEY = new RegExp(`^(?:(\\d{1,15})\\.)?(${UUID_PATTERN})$`);

/** Returns the key from which the next page continues after a row. */
export const positionKey = ({ ordinal, id }: ListPosition): string => `${String(ordinal)}.${id}`;

/**
 * Maximum number of rows that are saved at the same time. Only their ids can be in another order than their
 * numbers.
 */
const CONCURRENT_SAVES_MAX = 100;

/**
 * Numbers the rows of a list in the order of their commits. Ids do not show that order: they are made before the
 * commit, by processes whose clocks differ.
 */
@Injectable()
export class NumberedLists {
  constructor(private readonly reader: ReadConnection) {}

  /**
   * Returns the number of a row that is about to be saved. Until the commit no other transaction gets a number, so
   * call it as late in the transaction as possible.
   */
  async nextOrdinal(tx: Tx, list: ListName): Promise<number> {
    const [row] = await tx.write<{ ordinal: number }>(
      `/* list.number */ INSERT INTO numbered_lists AS list (name, last_ordinal) VALUES ($1, 1)
       ON CONFLICT (name) DO UPDATE SET last_ordinal = list.last_ordinal + 1
       RETURNING last_ordinal AS ordinal`,
      [list],
    );
    if (!row) throw new Error(`no number in ${list}`);
    return row.ordinal;
  }

  /**
   * Returns the position of the row with this key. If the row no longer exists, returns a position near it from which
   * a page skips no row, although it may repeat some rows. Returns undefined without a key, and if all rows are on
   * the requested side.
   */
  async positionOf(
    list: ListName,
    key: string | undefined,
    comparison: '<' | '>',
  ): Promise<ListPosition | undefined> {
    const [, ordinal, id] = POSITION_KEY.exec(key ?? '') ?? [];
    if (id === undefined) return undefined;
    if (ordinal !== undefined) return { ordinal: Number(ordinal), id };
    const [row] = await this.reader.read<ListPosition>(
      `/* ${list}.place */ SELECT ordinal, id FROM ${list} WHERE id = $1`,
      [id],
    );
    return row ?? this.farthestNeighbour(list, id, comparison);
  }

  /**
   * Returns a row after which a page may begin although the row with this id no longer exists. It is the farthest of
   * the rows on the other side of the id that may have been saved at the same time, so the page skips no row.
   */
  private async farthestNeighbour(
    list: ListName,
    id: string,
    comparison: '<' | '>',
  ): Promise<ListPosition | undefined> {
    const [other, near, far] = comparison === '>' ? ['<', 'DESC', 'ASC'] : ['>', 'ASC', 'DESC'];
    const [row] = await this.reader.read<ListPosition>(
      `/* ${list}.beside */ SELECT ordinal, id FROM (
         SELECT ordinal, id FROM ${list} WHERE id ${other} $1 ORDER BY id ${near} LIMIT ${String(CONCURRENT_SAVES_MAX)}
       ) AS neighbours ORDER BY ordinal ${far}, id ${far} LIMIT 1`,
      [id],
    );
    return row;
  }
}
