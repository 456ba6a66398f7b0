import { Module } from '@nestjs/common';
import { LongReads } from '../database/long-reads.js';
import { RequestGate } from '../http/request-gate.js';
import { UsageController } from './usage.controller.js';
import { UsageService } from './usage.service.js';

/** A page may ask for all groupings at once. Each of them takes about a second for 200,000 charges. */
const USAGE_WAIT_MS = 10_000;

@Module({
  controllers: [UsageController],
  providers: [
    UsageService,
    {
      provide: LongReads,
      useFactory: (gate: RequestGate) => new LongReads(USAGE_WAIT_MS, () => gate.depth),
      inject: [RequestGate],
    },
  ],
  // The usage of one user and of all users share the one step that runs at a time.
  exports: [LongReads],
})
export class UsageModule {}
