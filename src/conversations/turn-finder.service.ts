import { Injectable } from '@nestjs/common';
import { folded } from '../database/folded-text.js';
import { LongReads } from '../database/long-reads.js';
import { ReadConnection } from '../database/read-connection.js';
import type { OrdinalKeyset } from './saving-order.js';

/**
 * Maximum number of turns that one statement of a search examines, which is 8 MiB at most. A step is a range of
 * ordinals, because to count turns before each step takes a sixth of the time of a search. Deleted turns, and
 * paid requests that save none, leave gaps. After a step without candidates the next one begins at the next turn.
 */
const STEP_TURNS = 2000;
/**
 * Turns with more bytes than this are examined separately, `LONG_STEP_BYTES` in one statement, or one turn if
 * it is longer than that.
 */
const LONG_TURN_BYTES = 4096;
/** Maximum number of candidates at once. A long candidate may turn out not to contain the text. */
const CANDIDATES_MAX = 200;
const LONG_STEP_BYTES = 262_144;

/** A turn that contains the text, or a long turn that was not examined yet. */
interface Candidate {
  readonly ordinal: number;
  readonly bytes: number;
}

interface WantedText {
  readonly ownerId: string;
  /** Folded. */
  readonly text: string;
}

/**
 * Finds the turns of an owner that contain a text. A rare text is searched in all of them, in steps with a
 * bounded number of turns and of bytes. SQLite has only one connection for reading, which other queries can
 * use between two steps.
 */
@Injectable()
export class TurnFinder {
  constructor(
    private readonly reader: ReadConnection,
    private readonly searches: LongReads,
  ) {}

  /**
   * Returns the ordinals of the next turns that contain the text, as many as the keyset asks for. No step
   * begins after `disconnectSignal` is aborted. Throws `Throttled` if another search of the owner, or a list of many
   * conversations by activity, does not end in time.
   */
  find(
    ownerId: string,
    text: string,
    from: OrdinalKeyset,
    disconnectSignal: AbortSignal,
  ): Promise<number[]> {
    const wanted = { ownerId, text: folded(text) };
    return this.searches.runForOwner(ownerId, disconnectSignal, () =>
      this.steps(wanted, from, disconnectSignal),
    );
  }

  private async steps(
    wanted: WantedText,
    from: OrdinalKeyset,
    disconnectSignal: AbortSignal,
  ): Promise<number[]> {
    const found: number[] = [];
    const bounds = await this.searches.runStep(disconnectSignal, () => this.bounds(wanted.ownerId));
    if (!bounds) return found;
    const { first, last } = bounds;
    const isDown = from.comparison === '<';
    let key = isDown
      ? Math.min(from.key ?? Infinity, last + 1)
      : Math.max(from.key ?? -Infinity, first - 1);
    for (;;) {
      const limit = from.limit - found.length;
      const step = { key, end: isDown ? key - STEP_TURNS : key + STEP_TURNS };
      const candidates = await this.searches.runStep(disconnectSignal, () =>
        this.candidates(wanted, from, step),
      );
      if (!candidates) return found;
      found.push(...(await this.firstContaining(wanted, candidates, limit, disconnectSignal)));
      const isCut = candidates.length === CANDIDATES_MAX;
      key = (isCut ? candidates.at(-1)?.ordinal : undefined) ?? step.end;
      const isOver = isDown ? key <= first : key >= last;
      if (isOver || found.length === from.limit) return found;
      if (candidates.length > 0) continue;
      const next = await this.searches.runStep(disconnectSignal, () =>
        this.nextOrdinal(wanted.ownerId, from, step.end),
      );
      if (next === undefined) return found;
      key = isDown ? next + 1 : next - 1;
    }
  }

  /** Returns the ordinals of the owner's first and last turn. Returns undefined if there are no turns. */
  private async bounds(ownerId: string): Promise<{ first: number; last: number } | undefined> {
    const edge = (name: string) => `(SELECT ${name}(ordinal) FROM turns WHERE owner_id = $1)`;
    const [row] = await this.reader.read<{ first: number | null; last: number | null }>(
      `/* history.bounds */ SELECT ${edge('min')} AS first, ${edge('max')} AS last`,
      [ownerId],
    );
    const { first, last } = row ?? {};
    return typeof first === 'number' && typeof last === 'number' ? { first, last } : undefined;
  }

  /** Returns the ordinal of the owner's first turn after `key`. Returns undefined if there is none. */
  private async nextOrdinal(
    ownerId: string,
    { comparison, order }: OrdinalKeyset,
    key: number,
  ): Promise<number | undefined> {
    const [row] = await this.reader.read<Pick<Candidate, 'ordinal'>>(
      `/* history.next */ SELECT ordinal FROM turns WHERE owner_id = $1 AND ordinal ${comparison} $2
       ORDER BY ordinal ${order} LIMIT 1`,
      [ownerId, key],
    );
    return row?.ordinal;
  }

  /** Returns the candidates after the key of a step, up to its end. */
  private candidates(
    { ownerId, text }: WantedText,
    { comparison, order }: OrdinalKeyset,
    { key, end }: { key: number; end: number },
  ): Promise<Candidate[]> {
    const parameters: unknown[] = [ownerId, CANDIDATES_MAX, text];
    const within = (operator: string, ordinal: number) =>
      `AND ordinal ${operator} $${String(parameters.push(ordinal))}`;
    const range = `${within(comparison, key)} ${within(comparison === '<' ? '>=' : '<=', end)}`;
    return this.reader.read<Candidate>(
      `/* history.search */ SELECT ordinal, ${BYTES} AS bytes FROM turns
       WHERE owner_id = $1 AND CASE WHEN ${BYTES} > ${String(LONG_TURN_BYTES)} THEN true ELSE ${MATCH} END ${range}
       ORDER BY ordinal ${order} LIMIT $2`,
      parameters,
    );
  }

  /** Returns the first candidates that contain the text, in their order, `limit` at most. */
  private async firstContaining(
    wanted: WantedText,
    candidates: readonly Candidate[],
    limit: number,
    disconnectSignal: AbortSignal,
  ): Promise<number[]> {
    const ordinals = candidates.map(({ ordinal }) => ordinal);
    const long = candidates.filter(({ bytes }) => bytes > LONG_TURN_BYTES);
    const withoutText = new Set<number>();
    for (const group of groupsByBytes(long)) {
      const containing = await this.searches.runStep(disconnectSignal, () =>
        this.longContaining(wanted, group),
      );
      for (const ordinal of group) if (!containing?.has(ordinal)) withoutText.add(ordinal);
      const examined = ordinals.slice(0, ordinals.indexOf(group.at(-1) ?? NaN) + 1);
      if (examined.filter((ordinal) => !withoutText.has(ordinal)).length >= limit) break;
    }
    return ordinals.filter((ordinal) => !withoutText.has(ordinal)).slice(0, limit);
  }

  private async longContaining(
    { ownerId, text }: WantedText,
    long: number[],
  ): Promise<Set<number>> {
    const rows = await this.reader.read<Pick<Candidate, 'ordinal'>>(
      `/* history.search_long */ SELECT ordinal FROM turns WHERE owner_id = $1 AND ordinal = ANY($2) AND ${MATCH}`,
      [ownerId, long, text],
    );
    return new Set(rows.map(({ ordinal }) => ordinal));
  }
}

function groupsByBytes(long: readonly Candidate[]): number[][] {
  const groups: number[][] = [];
  let bytesLeft = 0;
  for (const { ordinal, bytes } of long) {
    if (bytesLeft <= 0) {
      groups.push([]);
      bytesLeft = LONG_STEP_BYTES;
    }
    groups.at(-1)?.push(ordinal);
    bytesLeft -= bytes;
  }
  return groups;
}

/** SQL for the bytes of a turn that a search examines. The databases do not read a text to get its length. */
const BYTES =
  '(octet_length(message) + octet_length(response) + coalesce(octet_length(folded), 0))';

/**
 * SQL for the turns that contain the folded text `$3`. The collation C converts only A to Z to lower case, which is
 * all that texts without a folded form need, and takes half the time. A plain comparison takes linear time for every
 * text. `LIKE` takes four times as long for a text that begins with seven equal letters.
 */
const MATCH = `CASE WHEN folded IS NULL
  THEN strpos(lower(message COLLATE "C"), $3) > 0 OR strpos(lower(response COLLATE "C"), $3) > 0
  ELSE strpos(folded, $3) > 0 END`;
