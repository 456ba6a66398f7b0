import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { DatabaseUnavailable } from '../errors.js';
import { Counters } from './counters.js';
import { PostgresCounters } from './postgres-counters.js';

const EVERY_MS = 600_000;

/** Removes expired counters, so that the table only holds counters of the longest window. */
@Injectable()
export class CounterSweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(CounterSweeper.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly counters: Counters) {}

  onApplicationBootstrap(): void {
    const { counters } = this;
    if (!(counters instanceof PostgresCounters)) return;
    this.timer = setInterval(() => {
      counters.sweep().catch((error: unknown) => {
        if (error instanceof DatabaseUnavailable) return;
        this.logger.warn({ err: error }, 'counters that have run out were not removed');
      });
    }, EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }
}
