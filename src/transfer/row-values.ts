import type { EntityMetadata } from 'typeorm';
import type { RawRow } from '../database/row-pages.js';

/**
 * A row as both databases mean it. SQLite has 0 and 1 for false and true, and may have the character NUL in a text,
 * which PostgreSQL cannot store.
 */
function meaning(table: EntityMetadata, row: RawRow): RawRow {
  return Object.fromEntries(
    table.columns.map(({ databaseName, type }) => [databaseName, valueOf(row[databaseName], type)]),
  );
}

function valueOf(value: unknown, type: EntityMetadata['columns'][number]['type']): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '\ufffd');
  return type === 'boolean' && value !== null ? Boolean(value) : value;
}

/** Whether two rows of one table mean the same. */
export function isSame(table: EntityMetadata, one: RawRow, other: RawRow): boolean {
  const [left, right] = [meaning(table, one), meaning(table, other)];
  return table.columns.every(({ databaseName }) => left[databaseName] === right[databaseName]);
}

/** The row as its entity has it. */
export function toEntity(table: EntityMetadata, row: RawRow): object {
  const values = meaning(table, row);
  return Object.fromEntries(
    table.columns.map(({ propertyName, databaseName }) => [propertyName, values[databaseName]]),
  );
}
