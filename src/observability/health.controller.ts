import { Controller, Get } from '@nestjs/common';
import { ReadConnection } from '../database/read-connection.js';
import { DatabaseNotAnswering, ServiceStopping } from '../errors.js';
import { RequestGate } from '../http/request-gate.js';
import { Public } from '../http/request.decorators.js';
import { HealthDocs, type HealthDto } from './health.docs.js';

const PING_TIMEOUT_MS = 2000;

/** The health routes, for the supervisor of this process and for the balancer. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly reader: ReadConnection,
    private readonly gate: RequestGate,
  ) {}

  /** Reports that the process runs. If it fails, restart the process. */
  @HealthDocs.live()
  @Public()
  @Get('live')
  live(): HealthDto {
    return { status: 'ok' };
  }

  /** Reports whether the process can serve requests. After a 503, send no requests to it for now. */
  @HealthDocs.ready()
  @Public()
  @Get('ready')
  async ready(): Promise<HealthDto> {
    if (this.gate.isStopping) throw new ServiceStopping();
    if (!(await this.databaseAnswers())) throw new DatabaseNotAnswering();
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
