import { type Inspector } from './databases.js';
import { type Statement } from './statement-log.js';

interface PostgresNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PostgresNode[];
}

/** Returns the database's plan for a statement: one line for each step. */
export async function planOf(
  database: Inspector,
  { sql, parameters }: Pick<Statement, 'sql' | 'parameters'>,
): Promise<string[]> {
  if (database.dataSource.options.type === 'sqlite') {
    const steps = await database.rows<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, parameters);
    return steps.map(({ detail }) => detail);
  }
  const [row] = await database.rows<{ 'QUERY PLAN': { Plan: PostgresNode }[] }>(
    `EXPLAIN (FORMAT JSON) ${sql}`,
    parameters,
  );
  return (row?.['QUERY PLAN'] ?? []).flatMap(({ Plan }) => steps(Plan));
}

function steps(node: PostgresNode): string[] {
  const index = node['Index Name'];
  const isWhole = index !== undefined && node['Index Cond'] === undefined;
  const words = [node['Node Type'], node['Relation Name'], index, isWhole && 'from end to end'];
  return [words.filter(Boolean).join(' '), ...(node.Plans ?? []).flatMap(steps)];
}

/** Checks whether a step reads a whole table or index, or sorts without an index. */
export const isSlow = (step: string): boolean =>
  // `jsonb_each` and `given` only read the statement's own parameter.
  /^(SCAN (?!jsonb_each|given$)|Seq Scan|USE TEMP B-TREE|Sort|Incremental Sort)|from end to end$/.test(
    step,
  );
