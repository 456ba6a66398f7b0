import { applyDecorators, type Type } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiTags,
  getSchemaPath,
  type ContentObject,
  type HeaderObject,
  type LinksObject,
  type ResponseObject,
  type SchemaObject,
} from '@nestjs/swagger';
import {
  IdempotencyKeyInUse,
  IdempotencyKeyMalformed,
  IdempotencyKeyRequired,
  IdempotencyKeyReused,
  type AppError,
} from '../errors.js';
import { sampleOf } from './error-docs.js';
import type { TagName } from './tags.js';

/** One parameter in the path, the query or a header. */
export interface ParameterDescription {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  readonly required?: boolean;
  /** A required parameter has an example, which belongs to the examples of the body. */
  readonly schema: SchemaObject;
}

/** The successful answer of a route. */
interface AnswerDescription {
  readonly description: string;
  /** The DTO class of its JSON. Each property is decorated with one of `field-docs`. */
  readonly type?: Type;
  /** Content that is not JSON, in place of `type` or in addition to it. */
  readonly content?: ContentObject;
  /** Its own headers. The headers of every answer are described once, at the top of the document. */
  readonly headers?: Readonly<Record<string, HeaderObject>>;
  /** The routes that use a field of this answer. The tests follow these links. */
  readonly links?: LinksObject;
}

/** Everything that the document cannot derive from the code of a route. */
export interface RouteDescription {
  /** Unique, and begins with a verb: generated clients have methods of this name. */
  readonly id: string;
  readonly tag: TagName;
  readonly summary: string;
  readonly description?: string;
  /** The parameters in the path, the query or its own headers. */
  readonly parameters?: readonly ParameterDescription[];
  readonly body?: {
    /** The DTO class of `@Payload()`. */
    readonly type: Type;
    /** The JSON that other clients may send instead. */
    readonly otherType?: Type;
    /** Whether the body must not be a form. */
    readonly isJsonOnly?: boolean;
    /** The tests send each example unchanged, after those of the routes described before. */
    readonly examples: Readonly<Record<string, { summary: string; value: object }>>;
  };
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** One instance of each error that the handler itself throws. */
  readonly errors?: readonly AppError[];
  /** Whether it accepts an `Idempotency-Key`, or requires one. */
  readonly idempotencyKey?: 'optional' | 'required';
}

/** The extension that stores the errors of a route until the document is built. */
export const ROUTE_ERRORS = 'x-errors';

/** Marks a header that a JSON answer always has, but another form of the answer may not have. */
export const ALWAYS_ON_JSON = 'x-always-on-json';

const BODY_TYPES = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'];

const IDEMPOTENCY_KEY: ParameterDescription = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Makes a retry safe. Requests with the same key and body take effect once and get the same answer. 1 to 255 characters, with or without quotes.',
  schema: { type: 'string', minLength: 1, maxLength: 257 },
};

/** Returns the parameters and errors of a route that accepts an `Idempotency-Key`. */
function idempotencyOf(need: RouteDescription['idempotencyKey']): {
  parameters: ParameterDescription[];
  errors: AppError[];
} {
  if (!need) return { parameters: [], errors: [] };
  const errors = [
    new IdempotencyKeyMalformed(),
    new IdempotencyKeyInUse(TURN_EXAMPLE),
    new IdempotencyKeyReused(),
  ];
  if (need === 'optional') return { parameters: [IDEMPOTENCY_KEY], errors };
  // Swagger UI fills in `example`, which OpenAPI 3.1 replaces by `examples`.
  const example = '2025-08-19-grace';
  const schema = { ...IDEMPOTENCY_KEY.schema, example, examples: [example] };
  const parameter = { ...IDEMPOTENCY_KEY, required: true, schema };
  return { parameters: [parameter], errors: [new IdempotencyKeyRequired(), ...errors] };
}

/** An example of a turn's id, for the descriptions of headers. */
export const TURN_EXAMPLE = '0198bf9e-6c5b-7c1e-a3c7-9d2f4b8e6a10';

const REPLAYED: HeaderObject = {
  description:
    'Present if this is the stored answer to an earlier request with the same `Idempotency-Key`.',
  schema: { type: 'string', enum: ['true'] },
};

function toResponse(answer: AnswerDescription, mayBeReplayed: boolean): ResponseObject {
  const { description, type, headers, links } = answer;
  const content = {
    ...(type && { 'application/json': { schema: { $ref: getSchemaPath(type) } } }),
    ...answer.content,
  };
  return {
    description,
    headers: {
      ...(mayBeReplayed && { 'Idempotent-Replayed': REPLAYED }),
      ...headers,
    },
    ...(Object.keys(content).length > 0 && { content }),
    ...(links && { links }),
  };
}

function parameter(described: ParameterDescription): MethodDecorator {
  const { in: place, ...options } = described;
  if (place === 'query') return ApiQuery({ required: false, ...options });
  if (place === 'path') return ApiParam(options);
  return ApiHeader({ required: false, ...options });
}

function bodyOf({ type, otherType, ...described }: NonNullable<RouteDescription['body']>) {
  // Without an example of the whole body, generators build one from those of the fields. An empty list
  // prevents that.
  const hasExamples = Object.keys(described.examples).length > 0;
  const examples = hasExamples && { examples: { ...described.examples } };
  if (!otherType) return [ApiBody({ type, ...examples })];
  const anyOf = [type, otherType].map((one) => ({ $ref: getSchemaPath(one) }));
  return [ApiExtraModels(type, otherType), ApiBody({ schema: { anyOf }, ...examples })];
}

/**
 * Describes a route. Each handler has one description. A feature keeps its descriptions in
 * `<feature>.docs.ts`, as `ChatDocs = { send: () => describeRoute({ ... }) }`, and its controller uses
 * `@ChatDocs.send()`.
 *
 * Describe the purpose of the route, one of each error that its handler throws, and its answers. When the
 * document is built, it adds what holds for many routes, from what the server knows: whether credentials are
 * required and the 401 without them, the errors of every body, of negotiation, and of the server. Request
 * fields get their limits from `TextField` and `NumberField`. A page is `PageOf(ThingDto)` with
 * `PAGE_PARAMETERS`.
 */
export function describeRoute(route: RouteDescription): MethodDecorator {
  const { id, tag, summary, description, parameters = [], body, answers, errors = [] } = route;
  const idempotency = idempotencyOf(route.idempotencyKey);
  const responses = Object.entries(answers).map(([status, answer]) => [
    status,
    toResponse(answer, route.idempotencyKey !== undefined),
  ]);
  const operation = {
    operationId: id,
    summary,
    ...(description && { description }),
    responses: Object.fromEntries(responses) as Record<string, ResponseObject>,
    [ROUTE_ERRORS]: [...errors, ...idempotency.errors].map(sampleOf),
  };
  const types = Object.values(answers).flatMap(({ type }) => type ?? []);
  return applyDecorators(
    ApiTags(tag),
    ApiExtraModels(...types),
    ApiOperation(operation),
    ...[...parameters, ...idempotency.parameters].map(parameter),
    ...(body
      ? [ApiConsumes(...(body.isJsonOnly ? ['application/json'] : BODY_TYPES)), ...bodyOf(body)]
      : []),
  );
}
