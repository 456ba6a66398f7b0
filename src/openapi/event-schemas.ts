import {
  getSchemaPath,
  type ContentObject,
  type ReferenceObject,
  type SchemaObject,
} from '@nestjs/swagger';
import type { Type } from '@nestjs/common';
import type { ERROR_SCHEMAS } from './error-schemas.js';

/** Holds the name of a schema until the document is built, where it becomes a component: a type of clients. */
export const SCHEMA_NAME = 'x-schema-name';

type Schema = SchemaObject | ReferenceObject;

/** A reference to the schema of a DTO. */
export const schemaOf = (type: Type): ReferenceObject => ({ $ref: getSchemaPath(type) });

/** A reference to the body of an error. */
export const errorShape = (name: keyof typeof ERROR_SCHEMAS): ReferenceObject => ({
  $ref: getSchemaPath(name),
});

/** A word that is always the same. */
export const always = (word: string): SchemaObject => ({ type: 'string', enum: [word] });

/** An object with these fields, of which `optional` may be absent. */
export const shape = (
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): SchemaObject => ({
  type: 'object',
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties: { ...properties },
});

/** The last line of a stream of OpenAI's kind, which is not JSON. */
export const LAST_LINE = always('[DONE]');

/** What one event of a stream holds after its `data: `. OpenAPI 3.1 has no form for it; this is OpenAI's own. */
export const eventsNamed = (
  name: string,
  description: string,
  anyOf: readonly Schema[],
): SchemaObject & { [SCHEMA_NAME]: string } => ({
  [SCHEMA_NAME]: name,
  description,
  anyOf: [...anyOf],
});

/** Server-sent events. A failure after the start is an event, for the status is out by then. */
export const eventStream = (
  schema: SchemaObject,
  examples: Readonly<Record<string, object>>,
): ContentObject => {
  const values = Object.entries(examples).map(([name, value]) => [name, { value }] as const);
  return { 'text/event-stream': { schema, examples: Object.fromEntries(values) } };
};
