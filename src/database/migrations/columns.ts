import type { TableColumnOptions } from 'typeorm';

/** Column shapes that mean the same on SQLite and on PostgreSQL. */
export const id = (name: string, rest: Partial<TableColumnOptions> = {}): TableColumnOptions => ({
  name,
  type: 'varchar',
  length: '36',
  ...rest,
});

/** An amount of tokens, or a moment in microseconds. */
export const whole = (
  name: string,
  rest: Partial<TableColumnOptions> = {},
): TableColumnOptions => ({ name, type: 'bigint', ...rest });

export const text = (name: string, rest: Partial<TableColumnOptions> = {}): TableColumnOptions => ({
  name,
  type: 'text',
  ...rest,
});

/** One of a few words; the table's CHECK lists them. */
export const word = (name: string): TableColumnOptions => ({ name, type: 'varchar', length: '10' });

export const flag = (name: string): TableColumnOptions => ({ name, type: 'boolean' });

export const nullable = { isNullable: true };
