import {
  getSchemaPath,
  type ContentObject,
  type ReferenceObject,
  type SchemaObject,
} from '@nestjs/swagger';
import type { Type } from '@nestjs/common';
import type { ERROR_SCHEMAS } from './error-schemas.js';

/**
 * Contains the name of a schema until the document is built. Then the schema becomes a component, and so a
 * type of generated clients.
 */
export const SCHEMA_NAME = 'x-schema-name';

type Schema = SchemaObject | ReferenceObject;

/** Returns a reference to the schema of a DTO. */
export const schemaOf = (type: Type): ReferenceObject => ({ $ref: getSchemaPath(type) });

/** Returns a reference to the body of an error. */
export const errorShape = (name: keyof typeof ERROR_SCHEMAS): ReferenceObject => ({
  $ref: getSchemaPath(name),
});

/** Returns the schema of a text that is always the same. */
export const always = (word: string): SchemaObject => ({ type: 'string', enum: [word] });

/** Returns the schema of an object with these fields. The `optional` ones may be absent. */
export const shape = (
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): SchemaObject => ({
  type: 'object',
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties: { ...properties },
});

/** The last line of a stream in OpenAI's format. It is not JSON. */
export const LAST_LINE = always('[DONE]');

/**
 * Returns the schema of the content of one event after its `data: `. OpenAPI 3.1 has no form for this, so it
 * has OpenAI's own form.
 */
export const eventsNamed = (
  name: string,
  description: string,
  anyOf: readonly Schema[],
): SchemaObject & { [SCHEMA_NAME]: string } => ({
  [SCHEMA_NAME]: name,
  description,
  anyOf: [...anyOf],
});

/**
 * Returns the description of server-sent events. A failure after the start is an event, because the status is
 * already sent by then.
 */
export const eventStream = (
  schema: SchemaObject,
  examples: Readonly<Record<string, object>>,
): ContentObject => {
  const values = Object.entries(examples).map(([name, value]) => [name, { value }] as const);
  return { 'text/event-stream': { schema, examples: Object.fromEntries(values) } };
};
