import { Injectable } from '@nestjs/common';
import { ReadConnection } from './read-connection.js';
import type { Tx } from './tx.js';

/** A list of everybody's rows, by its table. What one person owns is numbered by their wallet. */
type ListName = 'users' | 'trail_entries';

/** Where a row stands in its list. Rows of the time before there were numbers have 0, and stand by their ids. */
export interface Place {
  readonly ordinal: number;
  readonly id: string;
}

/** A row's place, as the links of pages have it; or its id alone, as a client knows it from the row. */
export const PLACE_KEY = /^(?:(\d{1,15})\.)?([\da-f-]{36})$/;

/** The key by which a page goes on from a row. */
export const placeKey = ({ ordinal, id }: Place): string => `${String(ordinal)}.${id}`;

/** So many may be saved at once: the ids of no more rows are in another order than their numbers. */
const AT_ONCE_MAX = 100;

/**
 * Numbers the rows of a list in the order in which they are committed. Ids do not tell it: they are made before the
 * commit, by processes whose clocks differ.
 */
@Injectable()
export class NumberedLists {
  constructor(private readonly reader: ReadConnection) {}

  /**
   * The number of a row that is about to be saved. Until the commit nobody else gets one, so it is asked for as late in
   * a transaction as can be.
   */
  async next(tx: Tx, list: ListName): Promise<number> {
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
   * Where the row of a key stands. For one that is gone, a place from which a page skips nothing that is on that
   * side of it, though it may repeat some rows. Undefined for no key, and where all rows are on that side.
   */
  async placeOf(
    list: ListName,
    key: string | undefined,
    comparison: '<' | '>',
  ): Promise<Place | undefined> {
    const [, ordinal, id] = PLACE_KEY.exec(key ?? '') ?? [];
    if (id === undefined) return undefined;
    if (ordinal !== undefined) return { ordinal: Number(ordinal), id };
    const [row] = await this.reader.read<Place>(
      `/* ${list}.place */ SELECT ordinal, id FROM ${list} WHERE id = $1`,
      [id],
    );
    return row ?? this.beside(list, id, comparison);
  }

  /** Of the rows on the other side of an id, as far as those may reach that were saved at once, the farthest. */
  private async beside(
    list: ListName,
    id: string,
    comparison: '<' | '>',
  ): Promise<Place | undefined> {
    const [other, near, far] = comparison === '>' ? ['<', 'DESC', 'ASC'] : ['>', 'ASC', 'DESC'];
    const [row] = await this.reader.read<Place>(
      `/* ${list}.beside */ SELECT ordinal, id FROM (
         SELECT ordinal, id FROM ${list} WHERE id ${other} $1 ORDER BY id ${near} LIMIT ${String(AT_ONCE_MAX)}
       ) AS neighbours ORDER BY ordinal ${far}, id ${far} LIMIT 1`,
      [id],
    );
    return row;
  }
}
