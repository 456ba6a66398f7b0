import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ReadConnection } from '../../src/database/read-connection.js';
import type { Inspector } from './databases.js';

/** A statement as the service sent it. */
export interface Sent {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** When a statement ran, as moments of `performance.now()`. */
interface Times {
  readonly startedAt: number;
  endedAt: number;
}

/** Records the statements of the app's reader. It replaces nothing. */
export class QueryProbe {
  private readonly sent: (Sent & Times)[] = [];
  private readonly reader: ReadConnection;
  private readonly original: ReadConnection['read'];

  constructor(app: NestFastifyApplication) {
    this.reader = app.get(ReadConnection);
    this.original = this.reader.read.bind(this.reader);
    this.reader.read = async <Row>(sql: string, parameters: readonly unknown[]) => {
      const one = { sql, parameters, startedAt: performance.now(), endedAt: NaN };
      this.sent.push(one);
      const rows = await this.original<Row>(sql, parameters);
      one.endedAt = performance.now();
      return rows;
    };
  }

  /** Returns the last statement with this name (`history.page`). */
  last(name: string): Sent {
    const found = this.sent.findLast(({ sql }) => sql.startsWith(`/* ${name} */`));
    if (!found) throw new Error(`no statement ${name} was sent`);
    return found;
  }

  /** Returns the number of statements with this name. */
  count(name: string): number {
    return this.timesOf(name).length;
  }

  /** Returns when the statements with this name ran. */
  timesOf(name: string): readonly Times[] {
    return this.sent.filter(({ sql }) => sql.startsWith(`/* ${name} */`));
  }

  stop(): void {
    this.reader.read = this.original;
  }
}

/** Returns the database's plan for a statement: one line for each step. */
export async function planOf(
  database: Inspector,
  kind: 'sqlite' | 'postgres',
  { sql, parameters }: Sent,
): Promise<string[]> {
  if (kind === 'sqlite') {
    const steps = await database.rows<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, parameters);
    return steps.map(({ detail }) => detail);
  }
  const lines = await database.rows<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, parameters);
  return lines.map((line) => line['QUERY PLAN'].trim());
}
