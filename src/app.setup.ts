import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { AppModule } from './app.module.js';
import { Authenticator } from './auth/authenticator.js';
import { readAuthorization } from './auth/authorization-header.js';
import { CONFIG, type Config } from './config/config.js';
import { Database } from './database/data-source.js';
import { FileLease } from './database/sqlite/file-lease.js';
import { migrate } from './database/migrate.js';
import { ProcessLease } from './database/process-lease.js';
import { assertSessions } from './database/postgres/session-check.js';
import { assertWritable } from './database/rights.js';
import { ServedMark } from './database/served-mark.js';
import { keepStatementJournalInMemory } from './database/statement-journal.js';
import { assertNotForeign } from './database/table-names.js';
import { ApiDescription } from './openapi/api-description.js';
import { Arrivals } from './http/arrivals.js';
import { RequestGate } from './http/request-gate.js';
import { describeApi } from './openapi/openapi.js';
import { Limiter } from './limits/limiter.service.js';
import { RouteTable } from './http/route-table.js';
import { createAdapter, installHooks } from './http/server.js';
import { UnreadAnswers } from './http/unread-answers.js';
import { HoldSweeper } from './wallet/holds/hold-sweeper.js';
import { MetricsServer } from './metrics/metrics-server.js';
import { Metrics } from './metrics/metrics.js';
import { NestLogger, createLogger } from './observability/logger.js';
import { watchService } from './app.watch.js';

/** Creates the whole application, ready to listen. `main` starts it, and the tests use it. */
export async function createApp(config: Config): Promise<NestFastifyApplication> {
  const logger = await createLogger(config.logLevel);
  const arrivals = new Arrivals(config);
  const file = await FileLease.takeFor(config.databaseUrl);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(config, arrivals),
    createAdapter(logger, { config, arrivals }),
    { bodyParser: false, abortOnError: false, logger: new NestLogger(logger) },
  ).catch(async (error: unknown) => {
    await file?.release();
    throw error;
  });
  try {
    await prepare(app, file);
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}

/**
 * Prepares the application in this order. The lease comes before the schema, so that no process migrates a
 * database that another process serves. Hooks come before routes. Holds that an earlier crash left open are
 * resolved before the first request.
 */
async function prepare(app: NestFastifyApplication, file: FileLease | undefined): Promise<void> {
  await assertSessions(app.get(DataSource));
  await app.get(ProcessLease).acquire(file);
  await assertNotForeign(app.get(Database));
  await assertWritable(app.get(Database));
  await app.get(ServedMark).set();
  await migrate(app.get(DataSource));
  await keepStatementJournalInMemory(app.get(Database));
  const authenticator = app.get(Authenticator);
  const config = app.get<Config>(CONFIG);
  const limiter = app.get(Limiter);
  const metrics = app.get(Metrics);
  installHooks(app.getHttpAdapter().getInstance(), {
    gate: app.get(RequestGate),
    routes: app.get(RouteTable),
    unread: app.get(UnreadAnswers),
    publicBodyMaxBytes: Math.min(config.publicBodyMaxBytes, config.bodyMaxBytes),
    corsOrigins: config.corsOrigins,
    admitNetwork: (request, reply) => limiter.admitNetwork({ request, reply }),
    delayRefusal: (request) => limiter.delayRefusal(request),
    authenticate: (request) => authenticator.authenticate(readAuthorization(request)),
    requestEnded: (outcome) => {
      metrics.recordRequest(outcome);
    },
  });
  await app.init();
  app.get(ApiDescription).publish(() => describeApi(app));
  await app.get(HoldSweeper).start();
  if (metrics.isOn) watchService(app);
  await app.get(MetricsServer).start();
}
