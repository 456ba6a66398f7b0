import { BatchQueue } from '../database/transactions/batch-queue.js';
import {
  POSTGRES_CONNECT_TIMEOUT_MS,
  POSTGRES_STATEMENT_TIMEOUT_MS,
} from '../database/postgres/postgres-options.js';
import { type UnitOfWork } from '../database/transactions/unit-of-work.js';
import { DatabaseBusy } from '../errors.js';
import { BoundedMap } from './bounded-map.js';
import { Counters, type CountResult } from './counters.js';
import { TICKS_KEPT, type Policy } from './policy.js';

/** Maximum number of requests that one statement counts. */
const BATCH_MAX = 500;
/** Maximum number of refusals that are remembered, so that they need no query. */
const REFUSALS_MAX = 50_000;
/**
 * A statement reads the clock, and may then wait for a row, at most until its timeout. The one before it may have waited
 * just as long. So a row that is further ahead than two timeouts was written before the clock was set back.
 */
const LATE_MAX_SECONDS = (2 * POSTGRES_STATEMENT_TIMEOUT_MS) / 1000;
/**
 * After this time a batch of counters counts as failed. A statement waits for a connection just as long, so counters do
 * not fail before the other work of a busy process.
 */
const TIMEOUT_MS = POSTGRES_CONNECT_TIMEOUT_MS;

interface Waiting {
  readonly policy: Policy;
  /** The key, after the scope of the policy. */
  readonly key: string;
  readonly wanted: number;
  readonly resolve: (taken: CountResult) => void;
  readonly reject: (error: unknown) => void;
}

/** The requests of one batch that have the same key. */
interface PendingCount {
  readonly policy: Policy;
  readonly waiting: Waiting[];
}

interface Row {
  readonly key: string;
  readonly granted: number;
  readonly tick: number;
  readonly counts: readonly number[];
  readonly now: number;
}

/**
 * Counters that all processes on one PostgreSQL database share. Each key has a row with a ring of eleven counts,
 * the newest first. They use the clock of the database. Requests that arrive while a statement runs are counted
 * together by the next statement.
 */
export class PostgresCounters extends Counters {
  private readonly queue = new BatchQueue<Waiting>(
    (take, onStalled) => this.countAll(take(), onStalled),
    { batchMax: BATCH_MAX, stallTimeoutMs: TIMEOUT_MS },
  );
  /** For each key without remaining quota: the time until which it is refused. Only time frees quota. */
  private readonly refusedUntil = new BoundedMap<number>(REFUSALS_MAX);

  constructor(private readonly unitOfWork: UnitOfWork) {
    super();
  }

  override take(policy: Policy, key: string, wanted: number): CountResult | Promise<CountResult> {
    const full = policy.scope + key;
    const resetMs = (this.refusedUntil.get(full) ?? 0) - performance.now();
    if (resetMs > 0) return { granted: 0, remaining: 0, resetMs, tickEndsInMs: 0 };
    return new Promise((resolve, reject) => {
      this.queue.add({ policy, key: full, wanted, resolve, reject });
    });
  }

  /** Removes expired rows. */
  async sweep(): Promise<void> {
    await this.unitOfWork.run((tx) =>
      tx.write(
        `/* rate_counter.sweep */ DELETE FROM rate_counters WHERE expires_at < extract(epoch FROM now())
         RETURNING key`,
        [],
      ),
    );
  }

  private async countAll(batch: Waiting[], onStalled: (tell: () => void) => void): Promise<void> {
    const rejectAll = (error: unknown) => {
      for (const { reject } of batch) reject(error);
    };
    onStalled(() => {
      rejectAll(new DatabaseBusy());
    });
    const sentAt = performance.now();
    const requests = new Map<string, PendingCount>();
    for (const one of batch) {
      const pendingCount = requests.get(one.key) ?? { policy: one.policy, waiting: [] };
      pendingCount.waiting.push(one);
      requests.set(one.key, pendingCount);
    }
    try {
      const rows = new Map((await this.count(requests)).map((row) => [row.key, row]));
      for (const [key, pendingCount] of requests)
        this.distribute(key, pendingCount, rows.get(key), sentAt);
    } catch (error) {
      rejectAll(error);
    }
  }

  /** Distributes the granted number: earlier requests first. */
  private distribute(
    key: string,
    { policy, waiting }: PendingCount,
    row: Row | undefined,
    sentAt: number,
  ): void {
    if (!row) throw new Error(`no counter for ${key}`);
    const used = row.counts.reduce((sum, count) => sum + count, 0);
    const oldest = row.counts.findLastIndex((count) => count > 0);
    const freeTick = oldest < 0 ? row.tick : row.tick - oldest + TICKS_KEPT;
    const resetMs = Math.max(0, freeTick * policy.tickMs - row.now);
    const tickEndsInMs = (row.tick + 1) * policy.tickMs - row.now;
    const remaining = Math.max(0, policy.quota - used);
    let left = row.granted;
    for (const { wanted, resolve } of waiting) {
      const granted = Math.min(wanted, left);
      left -= granted;
      if (granted === 0) this.refusedUntil.set(key, sentAt + resetMs);
      resolve({ granted, remaining: remaining + left, resetMs, tickEndsInMs });
    }
  }

  /**
   * Counts all keys with one guarded upsert, in the order of the keys, so that processes with the same keys do not
   * deadlock. If another process holds a row, PostgreSQL reads the row again when it is free: `DO UPDATE` computes
   * from its new values. After the clock was set back, the counts become those of the current tick. So an exhausted
   * key waits for one window, and not until the clock shows the old time again.
   */
  private count(batch: ReadonlyMap<string, PendingCount>): Promise<Row[]> {
    const pendingCounts = [...batch.values()];
    const wanted = pendingCounts.map(({ waiting }) =>
      waiting.reduce((sum, one) => sum + one.wanted, 0),
    );
    return this.unitOfWork.run((tx) =>
      tx.write<Row>(
        `/* rate_counter.take */ INSERT INTO rate_counters AS c (key, tick, counts, granted, quota, expires_at)
         SELECT a.key, floor(n.ms / a.tick_ms), array_prepend(least(a.wanted, a.quota), array_fill(0, ARRAY[10])),
                least(a.wanted, a.quota), a.quota, ceil((n.ms + 11 * a.tick_ms) / 1000)
         FROM unnest($1::text[], $2::int[], $3::int[], $4::int[]) AS a (key, wanted, quota, tick_ms),
              (SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms) n
         ORDER BY a.key
         ON CONFLICT (key) DO UPDATE SET (tick, counts, granted, expires_at) = (
           SELECT g.tick, array_prepend(g.shifted[1] + g.granted, g.shifted[2:11]), g.granted, EXCLUDED.expires_at
           FROM (SELECT s.tick, s.shifted, greatest(0, least(EXCLUDED.granted,
                   EXCLUDED.quota - (SELECT sum(u) FROM unnest(s.shifted) u)))::int AS granted
                 FROM (SELECT CASE WHEN c.expires_at > EXCLUDED.expires_at + ${String(LATE_MAX_SECONDS)} THEN EXCLUDED.tick
                              ELSE greatest(c.tick, EXCLUDED.tick) END AS tick,
                         (array_fill(0, ARRAY[least(11, greatest(0, EXCLUDED.tick - c.tick))::int]) || c.counts)[1:11] AS shifted) s) g)
         RETURNING key, granted, tick, counts, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`,
        [
          [...batch.keys()],
          wanted,
          pendingCounts.map(({ policy }) => policy.quota),
          pendingCounts.map(({ policy }) => policy.tickMs),
        ],
      ),
    );
  }
}
