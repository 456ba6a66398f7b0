import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { ReadConnection } from '../database/read-connection.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { SECOND_MICROS, nowMicros } from '../time.js';
import { holdLifetime } from './holds/hold-lifetime.js';

/** Number of rows that one statement changes. The next call changes the rest. */
const BATCH_MAX = 500;
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
    await this.clearOldKeys('holds', `AND state <> 'open'`);
    await this.clearOldKeys('ledger_entries');
    await this.deleteOldUnpaid();
  }

  private async clearOldKeys(table: 'holds' | 'ledger_entries', further = ''): Promise<void> {
    const before = nowMicros() - this.config.idempotencyRetentionSeconds * SECOND_MICROS;
    const old = `SELECT id FROM ${table} WHERE claim_key IS NOT NULL AND created_at < $1 ${further} LIMIT ${String(BATCH_MAX)}`;
    const [any] = await this.reader.read(`/* idempotency.old */ ${old}`, [before]);
    if (any === undefined) return;
    await this.unitOfWork.run((tx) =>
      tx.write(
        `/* idempotency.forget */ UPDATE ${table} SET claim_route = NULL, claim_key = NULL, claim_hash = NULL
         WHERE id IN (${old}) RETURNING id`,
        [before],
      ),
    );
  }

  /**
   * Deletes old holds that charged nothing. They leave no ledger entry and cost the owner nothing, so a loop
   * of holds and releases would fill the disk. A settlement may still ask for the hold's state until its
   * lifetime is over, so the rows stay for longer than that.
   */
  private async deleteOldUnpaid(): Promise<void> {
    const before = nowMicros() - holdLifetime(this.config) - UNPAID_RETENTION_MICROS;
    const old = `SELECT id FROM holds WHERE captured_amount = 0 AND state <> 'open' AND claim_key IS NULL
      AND resolved_at < $1 LIMIT ${String(BATCH_MAX)}`;
    const [any] = await this.reader.read(`/* hold.unpaid */ ${old}`, [before]);
    if (any === undefined) return;
    await this.unitOfWork.run((tx) =>
      tx.write(`/* hold.forget */ DELETE FROM holds WHERE id IN (${old}) RETURNING id`, [before]),
    );
  }
}
