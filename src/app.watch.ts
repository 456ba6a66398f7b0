import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { PasswordHasher } from './auth/passwords/password-hasher.js';
import { Database } from './database/data-source.js';
import { UnitOfWork } from './database/transactions/unit-of-work.js';
import { Arrivals } from './http/arrivals.js';
import { RequestGate } from './http/request-gate.js';
import { Metrics } from './metrics/metrics.js';
import { SECOND_MICROS } from './time.js';
import { ChargesService } from './wallet/charges.service.js';
import { HoldSweeper } from './wallet/holds/hold-sweeper.js';
import { OpenHolds } from './wallet/holds/open-holds.js';
import { WalletChecker } from './wallet/wallet-checker.js';

/**
 * Registers the metrics that are read rather than counted: how full the queues are, and what waits in the database.
 */
export function watchService(app: NestFastifyApplication): void {
  const metrics = app.get(Metrics);
  const [unitOfWork, charges] = [app.get(UnitOfWork), app.get(ChargesService)];
  const [hasher, gate, arrivals] = [
    app.get(PasswordHasher),
    app.get(RequestGate),
    app.get(Arrivals),
  ];
  const [holds, sweeper] = [app.get(OpenHolds), app.get(HoldSweeper)];
  metrics.addGauge('open_holds', 'Answers under way, over all processes.', () => holds.count());
  metrics.addGauge(
    'oldest_open_hold_age_seconds',
    'Age of the oldest running answer; 0 if there is none.',
    () => holds.oldestAgeSeconds(),
  );
  metrics.addGauge(
    'sweeper_last_success_timestamp_seconds',
    'Time of the last successful search for overdue holds.',
    () => sweeper.lastSweptAt && sweeper.lastSweptAt / SECOND_MICROS,
  );
  metrics.addLabelledGauge(
    'queue_depth',
    'Length of each queue; for requests, the number in progress.',
    'queue',
    {
      writes: () => unitOfWork.depth,
      charges: () => charges.depth,
      hashes: () => hasher.depth,
      requests: () => gate.depth,
      arrivals: () => arrivals.waiting,
    },
  );
  const database = app.get(Database);
  if (database.pool) {
    metrics.addLabelledGauge('database_connections', 'Connections to PostgreSQL.', 'state', {
      open: () => database.pool?.total ?? 0,
      idle: () => database.pool?.idle ?? 0,
      awaited: () => database.pool?.waiting ?? 0,
    });
  }
  app.get(WalletChecker).start();
}
