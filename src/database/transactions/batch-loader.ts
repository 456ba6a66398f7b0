import { DatabaseNotAnswering } from '../../errors.js';
import { BatchQueue } from './batch-queue.js';

/** Maximum number of keys in one statement. */
const BATCH_MAX = 500;
/** A statement may get no answer because its connection is silent. After this time the next statement is sent. */
const ANSWER_TIMEOUT_MS = 5000;

interface Waiting<Row> {
  readonly key: string;
  readonly resolve: (row: Row | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Finds rows by their keys, many with one statement (a "data loader" without a cache). A row is never older than
 * the call that asked for it: keys that arrive while a statement runs wait for the next statement.
 */
export class BatchLoader<Row> {
  private readonly queue: BatchQueue<Waiting<Row>>;

  /** `read` returns the rows that exist for some distinct keys, in any order. */
  constructor(
    private readonly read: (keys: string[]) => Promise<Row[]>,
    private readonly keyOf: (row: Row) => string,
    stallTimeoutMs = ANSWER_TIMEOUT_MS,
  ) {
    this.queue = new BatchQueue((take, onStalled) => this.loadAll(take(), onStalled), {
      batchMax: BATCH_MAX,
      stallTimeoutMs,
    });
  }

  /** Returns the row with this key, or undefined. Throws `Unavailable` if the database does not answer in time. */
  load(key: string): Promise<Row | undefined> {
    return new Promise((resolve, reject) => {
      this.queue.add({ key, resolve, reject });
    });
  }

  private async loadAll(
    batch: Waiting<Row>[],
    onStalled: (tell: () => void) => void,
  ): Promise<void> {
    const rejectAll = (error: unknown) => {
      for (const { reject } of batch) reject(error);
    };
    onStalled(() => {
      rejectAll(new DatabaseNotAnswering());
    });
    try {
      const rows = await this.read([...new Set(batch.map(({ key }) => key))]);
      const found = new Map(rows.map((row) => [this.keyOf(row), row]));
      for (const { key, resolve } of batch) resolve(found.get(key));
    } catch (error) {
      rejectAll(error);
    }
  }
}
