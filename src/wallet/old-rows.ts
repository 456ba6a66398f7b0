import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { ReadConnection } from '../database/read-connection.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { SECOND_MICROS, nowMicros } from '../time.js';
import { holdLifetime } from './holds/hold-lifetime.js';

/** Number of rows that one statement changes. */
const BATCH_MAX = 500;
/** Number of statements of one call for each kind of row. A call every two seconds removes 5,000 rows a second. */
const BATCHES_MAX = 20;
/**
 * How long a hold that charged nothing stays stored after the end of its lifetime, so that an operator can
 * look at it.
 */
const UNPAID_RETENTION_MICROS = 3600 * SECOND_MICROS;

/** Removes old idempotency keys, and old holds that charged nothing. */
@Injectable()
export class OldRows {
  constructor(
    private readonly reader: ReadConnection,
    private readonly unitOfWork: UnitOfWork,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async forget(): Promise<void> {
    // An open hold keeps its key, however short the retention is, because its answer is still to come.
    await inBatches(() => this.clearOldKeys('holds', `AND state <> 'open'`));
    await inBatches(() => this.clearOldKeys('ledger_entries'));
    await inBatches(() => this.deleteOldUnpaid());
  }

  /** Returns the number of changed rows, at most `BATCH_MAX`. */
  private async clearOldKeys(table: 'holds' | 'ledger_entries', further = ''): Promise<number> {
    const before = nowMicros() - this.config.idempotencyRetentionSeconds * SECOND_MICROS;
    const old = `SELECT id FROM ${table} WHERE claim_key IS NOT NULL AND created_at < $1 ${further} LIMIT ${String(BATCH_MAX)}`;
    const [any] = await this.reader.read(`/* idempotency.old */ ${old}`, [before]);
    if (any === undefined) return 0;
    const changed = await this.unitOfWork.run((tx) =>
      tx.write(
        `/* idempotency.forget */ UPDATE ${table} SET claim_route = NULL, claim_key = NULL, claim_hash = NULL
         WHERE id IN (${old}) RETURNING id`,
        [before],
      ),
    );
    return changed.length;
  }

  /**
   * Deletes old holds that charged nothing. They leave no ledger entry and cost the owner nothing, so a loop
   * of holds and releases would fill the disk. A settlement may still ask for the hold's state until its
   * lifetime is over, so the rows stay for longer than that. Returns the number of deleted rows, at most `BATCH_MAX`.
   */
  private async deleteOldUnpaid(): Promise<number> {
    const before = nowMicros() - holdLifetime(this.config) - UNPAID_RETENTION_MICROS;
    const old = `SELECT id FROM holds WHERE captured_amount = 0 AND state <> 'open' AND claim_key IS NULL
      AND resolved_at < $1 LIMIT ${String(BATCH_MAX)}`;
    const [any] = await this.reader.read(`/* hold.unpaid */ ${old}`, [before]);
    if (any === undefined) return 0;
    const deleted = await this.unitOfWork.run((tx) =>
      tx.write(`/* hold.forget */ DELETE FROM holds WHERE id IN (${old}) RETURNING id`, [before]),
    );
    return deleted.length;
  }
}

/** Repeats a step until it finds fewer rows than it may change. The rest waits for the next call. */
async function inBatches(step: () => Promise<number>): Promise<void> {
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) if ((await step()) < BATCH_MAX) return;
}
