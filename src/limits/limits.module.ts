import { Global, Inject, Logger, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { CONFIG, type Config } from '../config/config.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { CounterSweeper } from './counter-sweeper.js';
import { Counters } from './counters.js';
import { KnownKeys } from './known-keys.js';
import { RefusalDelay } from './refusal-delay.js';
import { LimitGuard } from './limit.guard.js';
import { Limiter } from './limiter.service.js';
import { MemoryCounters } from './memory-counters.js';
import { PostgresCounters } from './postgres-counters.js';

/**
 * Returns the counters. With SQLite one process counts in memory. With PostgreSQL all processes count in the
 * database.
 */
const countersOf = (config: Config, unitOfWork: UnitOfWork): Counters =>
  config.databaseUrl.startsWith('sqlite:')
    ? new MemoryCounters()
    : new PostgresCounters(unitOfWork);

/** Limits how often callers may send requests. Import it after the module of the guard that authenticates callers. */
@Global()
@Module({
  providers: [
    { provide: Counters, inject: [CONFIG, UnitOfWork], useFactory: countersOf },
    { provide: APP_GUARD, useClass: LimitGuard },
    CounterSweeper,
    KnownKeys,
    RefusalDelay,
    Limiter,
  ],
  exports: [RefusalDelay, Limiter],
})
export class LimitsModule implements OnApplicationBootstrap {
  private readonly logger = new Logger('Limits');

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  onApplicationBootstrap(): void {
    if (!this.config.rateLimits.isOn) this.logger.warn('rate limits are off (RATE_LIMITS=off)');
  }
}
