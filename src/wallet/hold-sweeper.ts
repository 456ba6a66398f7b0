import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { SECOND_MICROS, nowMicros, type Micros } from '../time.js';
import { FileMoved } from '../database/file-lease.js';
import { DatabaseClock } from '../database/database-clock.js';
import { ProcessLease } from '../database/process-lease.js';
import { ReadConnection } from '../database/read-connection.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { DatabaseUnavailable } from '../errors.js';
import { holdLifetime } from './hold-lifetime.js';
import { HoldsService } from './holds.service.js';

const SWEEP_EVERY_MS = 2000;
/** Number of rows that one statement reads. The next round reads the rest. */
const BATCH_MAX = 500;
/**
 * How long a hold that charged nothing stays stored after the end of its lifetime, so that an operator can
 * look at it.
 */
const UNPAID_RETENTION_MICROS = 3600 * SECOND_MICROS;

/**
 * Expires the holds that no request will resolve: those past their lifetime, and at once those of a process
 * that has ended. Uses the same guarded statement as a request, so if a late capture comes at the same time,
 * exactly one of the two succeeds. Also removes old idempotency keys, and old holds that charged nothing.
 */
@Injectable()
export class HoldSweeper implements OnModuleDestroy {
  private readonly logger = new Logger(HoldSweeper.name);
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> | undefined;
  /** When the last successful round ended. */
  private sweptAt: Micros | undefined;

  constructor(
    private readonly reader: ReadConnection,
    private readonly unitOfWork: UnitOfWork,
    private readonly lease: ProcessLease,
    private readonly clock: DatabaseClock,
    private readonly holds: HoldsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Resolves the holds that an earlier crash left open, then sweeps in the background until the module is
   * destroyed.
   */
  async start(): Promise<void> {
    await this.sweep();
    this.timer = setInterval(() => {
      this.sweeping ??= this.sweep()
        .catch((error: unknown) => {
          if (error instanceof DatabaseUnavailable) return;
          this.logger.error({ err: error }, 'a sweep failed; the next one tries again');
        })
        .finally(() => (this.sweeping = undefined));
    }, SWEEP_EVERY_MS);
  }

  /** When the last successful round ended; undefined before the first one. */
  get lastSweptAt(): Micros | undefined {
    return this.sweptAt;
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
  }

  /** Runs one round. Resolves when every hold that it found is resolved. */
  async sweep(): Promise<void> {
    await this.lease.renew().catch((error: unknown) => {
      if (error instanceof FileMoved) throw error;
      if (error instanceof DatabaseUnavailable) return;
      this.logger.warn({ err: error }, 'the lease is not renewed; the next sweep tries again');
    });
    await this.clock.synchronize();
    await this.releaseLeftOver();
    const overdue = await this.reader.read<{ id: string }>(
      `/* hold.overdue */ SELECT id FROM holds WHERE state = 'open' AND expires_at <= $1 LIMIT ${String(BATCH_MAX)}`,
      [this.clock.now()],
    );
    const ids = [...overdue, ...(await this.orphans())].map(({ id }) => id);
    for (const id of ids) {
      await this.unitOfWork.run((tx) => this.holds.release(tx, id, 'expired'));
    }
    if (ids.length > 0) this.logger.log(`expired ${String(ids.length)} holds`);
    // An open hold keeps its key, however short the retention is, because its answer is still to come.
    await this.clearOldClaims('holds', `AND state <> 'open'`);
    await this.clearOldClaims('ledger_entries');
    await this.deleteOldUnpaid();
    this.sweptAt = nowMicros();
  }

  /** Releases the holds whose release failed when their answers ended. */
  private async releaseLeftOver(): Promise<void> {
    for (const id of this.holds.takeUnreleased()) {
      await this.unitOfWork
        .run((tx) => this.holds.release(tx, id, 'released'))
        .catch(() => {
          this.holds.releaseLater(id);
        });
    }
  }

  /** Returns open holds of processes that have ended. */
  private async orphans(): Promise<{ id: string }[]> {
    const owners = await this.reader.read<{ processId: number }>(
      `/* hold.processes */ SELECT DISTINCT process_id AS "processId" FROM holds WHERE state = 'open'`,
      [],
    );
    const found = [];
    for (const { processId } of owners) {
      if (!(await this.lease.hasProcessEnded(processId))) continue;
      const sql = `/* hold.orphans */ SELECT id FROM holds WHERE state = 'open' AND process_id = $1 LIMIT ${String(BATCH_MAX)}`;
      found.push(...(await this.reader.read<{ id: string }>(sql, [processId])));
    }
    return found;
  }

  private async clearOldClaims(table: 'holds' | 'ledger_entries', further = ''): Promise<void> {
    const before = nowMicros() - this.config.idempotencyRetentionSeconds * SECOND_MICROS;
    const old = `SELECT id FROM ${table} WHERE claim_key IS NOT NULL AND created_at < $1 ${further} LIMIT ${String(BATCH_MAX)}`;
    const [any] = await this.reader.read(`/* claims.old */ ${old}`, [before]);
    if (any === undefined) return;
    await this.unitOfWork.run((tx) =>
      tx.write(
        `/* claims.forget */ UPDATE ${table} SET claim_route = NULL, claim_key = NULL, claim_hash = NULL
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
