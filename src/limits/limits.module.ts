import { Global, Inject, Logger, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { CONFIG, type Config } from '../config/config.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { CounterSweeper } from './counter-sweeper.js';
import { Counters } from './counters.js';
import { KnownKeys } from './known-keys.js';
import { LateRefusals } from './late-refusals.js';
import { LimitGuard } from './limit.guard.js';
import { Limiter } from './limiter.service.js';
import { MemoryCounters } from './memory-counters.js';
import { PostgresCounters } from './postgres-counters.js';

/** SQLite has one process, which counts in memory; processes on one PostgreSQL count there. */
const countersOf = (config: Config, unitOfWork: UnitOfWork): Counters =>
  config.databaseUrl.startsWith('sqlite:')
    ? new MemoryCounters()
    : new PostgresCounters(unitOfWork);

/** How often callers may ask. Imported after the module whose guard finds out who is calling. */
@Global()
@Module({
  providers: [
    { provide: Counters, inject: [CONFIG, UnitOfWork], useFactory: countersOf },
    { provide: APP_GUARD, useClass: LimitGuard },
    CounterSweeper,
    KnownKeys,
    LateRefusals,
    Limiter,
  ],
  exports: [LateRefusals, Limiter],
})
export class LimitsModule implements OnApplicationBootstrap {
  private readonly logger = new Logger('Limits');

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  onApplicationBootstrap(): void {
    if (!this.config.rateLimits.isOn) this.logger.warn('rate limits are off (RATE_LIMITS=off)');
  }
}
