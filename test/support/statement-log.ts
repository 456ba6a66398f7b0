import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource, type Logger } from 'typeorm';
import { ReadConnection } from '../../src/database/read-connection.js';

/** An issued statement. */
export interface Statement {
  /** The text of its leading comment, or else its first words. */
  readonly name: string;
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Records every issued statement with TypeORM's own logger. */
export class StatementLog {
  private statements: Statement[] = [];

  constructor(sources: Iterable<DataSource>) {
    const ignore = () => undefined;
    const logger: Logger = {
      logQuery: (sql, parameters) => {
        this.statements.push({
          name: nameOf(sql),
          sql,
          // A copy, because the caller may add parameters for its next statement.
          parameters: [...((parameters ?? []) as unknown[])],
        });
      },
      logQueryError: ignore,
      logQuerySlow: ignore,
      logSchemaBuild: ignore,
      logMigration: ignore,
      log: ignore,
    };
    for (const source of sources) source.setOptions({ logger });
  }

  static of(app: NestFastifyApplication): StatementLog {
    return new StatementLog(new Set([app.get(DataSource), app.get(ReadConnection)['database']]));
  }

  /** Returns the statements that are issued while `work` runs. */
  async during(work: () => Promise<unknown>): Promise<Statement[]> {
    this.statements = [];
    await work();
    return this.statements;
  }
}

function nameOf(sql: string): string {
  const comment = /^\/\* (\S+) \*\//.exec(sql)?.[1];
  if (comment !== undefined) return comment;
  const table = /\b(?:FROM|INTO|UPDATE) "?(\w+)"?/.exec(sql)?.[1];
  const verb = sql.split(' ', 1)[0] ?? '';
  return table === undefined ? sql : `${verb} ${table}`;
}
