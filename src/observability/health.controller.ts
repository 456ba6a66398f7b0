import { Controller, Get } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';
import { DatabaseSilent, ServiceStopping } from '../errors.js';
import { RequestGate } from '../http/request-gate.js';
import { Public } from '../http/request.decorators.js';
import { HealthDocs, type HealthDto } from './health.docs.js';

const PING_TIMEOUT_MS = 2000;

/** For the supervisor that starts this process and the balancer that routes to it. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly reader: ReadConnection,
    private readonly gate: RequestGate,
  ) {}

  /** The process runs; a failure means restart it. */
  @HealthDocs.live()
  @Public()
  @Get('live')
  live(): HealthDto {
    return { status: 'ok' };
  }

  /** The process can serve; a 503 means send nothing here for now. */
  @HealthDocs.ready()
  @Public()
  @Get('ready')
  async ready(): Promise<HealthDto> {
    if (this.gate.isStopping) throw new ServiceStopping();
    if (!(await this.databaseAnswers())) throw new DatabaseSilent();
    return { status: 'ok' };
  }

  private async databaseAnswers(): Promise<boolean> {
    const timeout = new Promise<boolean>((resolve) => {
      setTimeout(resolve, PING_TIMEOUT_MS, false).unref();
    });
    const ping = this.reader.read('/* health */ SELECT 1 AS one', []).then(
      () => true,
      () => false,
    );
    return Promise.race([ping, timeout]);
  }
}
