import {
  Global,
  Injectable,
  Logger,
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, type Config } from '../config/config.js';
import { Database } from './data-source.js';
import { openReader, openWriter } from './open-database.js';
import { DatabaseClock } from './database-clock.js';
import { WriteAheadLog } from './write-ahead-log.js';
import { NumberedLists } from './numbered-lists.js';
import { setOutageLog } from './outage-log.js';
import { ProcessLease } from './process-lease.js';
import { ReadConnection } from './read-connection.js';
import { ServedMark } from './served-mark.js';
import type { EntityClass } from './statements.js';
import { UnitOfWork } from './transactions/unit-of-work.js';

/** Closes the database when the last write is on disk. */
@Injectable()
class DatabaseCloser implements OnApplicationShutdown {
  constructor(
    private readonly writer: Database,
    private readonly reader: ReadConnection,
    private readonly unitOfWork: UnitOfWork,
    private readonly lease: ProcessLease,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.unitOfWork.idle();
    await this.lease.release(async () => {
      await this.reader.close(this.writer);
      await this.writer.destroy();
    });
  }
}

/**
 * Opens the database and provides `UnitOfWork` for writes and `ReadConnection` for reads. `migrate` makes the
 * schema.
 */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(entities: EntityClass[]): DynamicModule {
    const logger = new Logger('Database');
    setOutageLog((line, sentence) => {
      logger.error(line, sentence);
    });
    const options = (config: Config) => ({
      url: config.databaseUrl,
      poolMax: config.databasePoolMax,
      entities,
    });
    return {
      module: DatabaseModule,
      providers: [
        {
          provide: Database,
          inject: [CONFIG],
          useFactory: (config: Config) => openWriter(options(config)),
        },
        { provide: DataSource, useExisting: Database },
        {
          provide: ReadConnection,
          inject: [CONFIG, Database],
          useFactory: async (config: Config, writer: Database) =>
            new ReadConnection(await openReader(options(config), writer)),
        },
        UnitOfWork,
        ProcessLease,
        ServedMark,
        DatabaseCloser,
        DatabaseClock,
        WriteAheadLog,
        NumberedLists,
      ],
      exports: [
        DatabaseClock,
        UnitOfWork,
        ReadConnection,
        ProcessLease,
        ServedMark,
        WriteAheadLog,
        NumberedLists,
      ],
    };
  }
}
