import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ReadConnection } from '../../src/database/read-connection.js';
import type { Inspector } from './databases.js';

/** A statement that the service sent, as it was sent. */
export interface Sent {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Notes what the app's reader sends; nothing is put in its place. */
export class QueryProbe {
  private readonly sent: Sent[] = [];
  private readonly reader: ReadConnection;
  private readonly original: ReadConnection['read'];

  constructor(app: NestFastifyApplication) {
    this.reader = app.get(ReadConnection);
    this.original = this.reader.read.bind(this.reader);
    this.reader.read = (sql, parameters) => {
      this.sent.push({ sql, parameters });
      return this.original(sql, parameters);
    };
  }

  /** The last statement of that name (`history.page`). */
  last(name: string): Sent {
    const found = this.sent.findLast(({ sql }) => sql.startsWith(`/* ${name} */`));
    if (!found) throw new Error(`no statement ${name} was sent`);
    return found;
  }

  /** How many statements of that name were sent. */
  count(name: string): number {
    return this.sent.filter(({ sql }) => sql.startsWith(`/* ${name} */`)).length;
  }

  stop(): void {
    this.reader.read = this.original;
  }
}

/** The steps by which the database would run a statement, each as one line. */
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
