import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';
import { DatabaseUnavailable } from '../errors.js';
import { Metrics } from '../metrics/metrics.js';

/** A round reads for a few milliseconds. At 1,000 wallets a round, a million wallets take about 17 hours. */
const CHECK_EVERY_MS = 60_000;
const BATCH_WALLETS = 1000;

/**
 * Compares wallets with their last ledger entry and their open holds, some every minute. An operator learns
 * of a difference without waiting for the next `npm run audit`. Each round is one statement, so it reads one
 * snapshot. Changes nothing.
 */
@Injectable()
export class WalletChecker implements OnModuleDestroy {
  private readonly logger = new Logger(WalletChecker.name);
  private timer: NodeJS.Timeout | undefined;
  private after = '';

  constructor(
    private readonly reader: ReadConnection,
    private readonly metrics: Metrics,
  ) {}

  start(): void {
    const check = () => {
      this.checkNext().catch((error: unknown) => {
        if (error instanceof DatabaseUnavailable) return;
        this.logger.warn({ err: error }, 'wallets are not compared; the next round tries again');
      });
    };
    check();
    this.timer = setInterval(check, CHECK_EVERY_MS);
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Compares the next wallets. After the last wallet it starts again at the first one. */
  async checkNext(): Promise<void> {
    const compared = await this.reader.read<{ ownerId: string; isRight: boolean | 0 | 1 }>(
      `/* wallet.watch */ SELECT owner_id AS "ownerId",
         balance = coalesce((SELECT balance_after FROM ledger_entries e
           WHERE e.owner_id = w.owner_id AND e.seq = w.entry_count), 0)
         AND held = coalesce((SELECT sum(amount) FROM holds h
           WHERE h.owner_id = w.owner_id AND h.state = 'open'), 0) AS "isRight"
       FROM wallets w WHERE owner_id > $1 ORDER BY owner_id LIMIT $2`,
      [this.after, BATCH_WALLETS],
    );
    const wrong = compared.filter(({ isRight }) => !isRight);
    this.after = compared[BATCH_WALLETS - 1]?.ownerId ?? '';
    this.metrics.countAudited(compared.length - wrong.length, wrong.length);
    for (const { ownerId } of wrong) {
      this.logger.error({ ownerId }, 'a wallet does not follow from its entries: run the audit');
    }
  }
}
