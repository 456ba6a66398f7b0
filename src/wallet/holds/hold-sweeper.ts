import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { nowMicros, type Micros } from '../../time.js';
import { FileMoved } from '../../database/sqlite/file-lease.js';
import { ProcessLease } from '../../database/process-lease.js';
import { UnitOfWork } from '../../database/transactions/unit-of-work.js';
import { DatabaseUnavailable } from '../../errors.js';
import { HoldsService } from './holds.service.js';
import { OldRows } from '../old-rows.js';
import { OpenHolds } from './open-holds.js';

const SWEEP_EVERY_MS = 2000;
/**
 * Expires the holds that no request will resolve: those past their lifetime, and at once those of a process
 * that has ended. Uses the same guarded statement as a request, so if a late capture comes at the same time,
 * exactly one of the two succeeds. Each round also removes old rows.
 */
@Injectable()
export class HoldSweeper implements OnModuleDestroy {
  private readonly logger = new Logger(HoldSweeper.name);
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> | undefined;
  /** When the last successful round ended. */
  private sweptAt: Micros | undefined;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly lease: ProcessLease,
    private readonly holds: HoldsService,
    private readonly open: OpenHolds,
    private readonly oldRows: OldRows,
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
    await this.releaseLeftOver();
    const ids = await this.open.toExpire();
    for (const id of ids) {
      await this.unitOfWork.run((tx) => this.holds.release(tx, id, 'expired'));
    }
    if (ids.length > 0) this.logger.log(`expired ${String(ids.length)} holds`);
    await this.oldRows.forget();
    this.sweptAt = nowMicros();
  }

  /** Releases the holds that `HoldsService.releaseLater` remembers. */
  private async releaseLeftOver(): Promise<void> {
    for (const id of this.holds.takeUnreleased()) {
      await this.unitOfWork
        .run((tx) => this.holds.release(tx, id, 'released'))
        .catch(() => {
          this.holds.releaseLater(id);
        });
    }
  }
}
