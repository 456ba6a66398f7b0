import type { EntityMetadata } from 'typeorm';
import type { RawRow } from '../database/row-pages.js';
import { toStorableText } from '../database/storable-text.js';

/**
 * Returns the values of a row in a form that is the same for both databases. SQLite has 0 and 1 for false and
 * true, and a text there may contain the character NUL, which PostgreSQL cannot store.
 */
function comparableValues(table: EntityMetadata, row: RawRow): RawRow {
  return Object.fromEntries(
    table.columns.map(({ databaseName, type }) => [databaseName, valueOf(row[databaseName], type)]),
  );
}

function valueOf(value: unknown, type: EntityMetadata['columns'][number]['type']): unknown {
  if (typeof value === 'string') return toStorableText(value);
  return type === 'boolean' && value !== null ? Boolean(value) : value;
}

/** Whether two rows of one table have the same values. */
export function isSame(table: EntityMetadata, one: RawRow, other: RawRow): boolean {
  const [left, right] = [comparableValues(table, one), comparableValues(table, other)];
  return table.columns.every(({ databaseName }) => left[databaseName] === right[databaseName]);
}

/** Returns a row with the property names of its entity. */
export function toEntity(table: EntityMetadata, row: RawRow): object {
  const values = comparableValues(table, row);
  return Object.fromEntries(
    table.columns.map(({ propertyName, databaseName }) => [propertyName, values[databaseName]]),
  );
}
