import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  SwaggerModule,
  type OpenAPIObject,
  type OperationObject,
  type ResponseObject,
  type SchemaObject,
} from '@nestjs/swagger';
import { CONFIG, type Config } from '../config/config.js';
import { overview } from './api-overview.js';
import { SHARED_HEADERS, headerReference, limitHeaders, type ErrorSample } from './error-docs.js';
import { ERROR_SCHEMAS } from './error-schemas.js';
import { isOpenAiPath } from '../http/openai-error.js';
import { SCHEMA_NAME } from './event-schemas.js';
import { MAX_LENGTH_SETTING } from '../fields/field-docs.js';
import { sortPaths } from './path-order.js';
import { ROUTE_ERRORS } from './route-docs.js';
import { RouteTable, type RouteAccess, type ServedRoute } from '../http/route-table.js';
import { refusalsOf, sharedResponses } from './shared-answers.js';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Returns a path as clients write it: below /api/ with its last slash. */
function wirePath(path: string): string {
  return path.startsWith('/api/') ? `${path}/` : path;
}

/** Returns a path in Fastify's syntax. */
function servedPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

/** Returns the sentence that says which API keys may call a route. */
function apiKeySentence(access: RouteAccess = 'session'): string {
  if (access === 'session') return 'Not for API keys.';
  return access === 'any' ? 'For any API key.' : `API keys need the scope \`${access}\`.`;
}

/** Returns the operation with everything that the server adds to its `describeRoute`. */
function completeOperation(operation: OperationObject, route: ServedRoute): OperationObject {
  const {
    [ROUTE_ERRORS]: own = [],
    parameters = [],
    ...described
  } = operation as OperationObject & {
    [ROUTE_ERRORS]?: ErrorSample[];
  };
  const properties = { ...route, takesBody: described.requestBody !== undefined };
  return {
    ...described,
    ...(!route.isPublic && {
      description: [described.description, apiKeySentence(route.access)]
        .filter(Boolean)
        .join('\n\n'),
    }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.isPublic && { security: [] }),
    responses: { ...withLimits(described.responses, route), ...refusalsOf(properties, own) },
  };
}

/** Adds the headers of rate limits to the successful answers of a limited route. */
function withLimits(
  responses: OperationObject['responses'],
  { limit, path }: ServedRoute,
): OperationObject['responses'] {
  if (limit === 'none') return responses;
  const names = limitHeaders(isOpenAiPath(path));
  const limits = Object.fromEntries(names.map((name) => [name, headerReference(name)]));
  const entries = Object.entries(responses).map(([status, response]) => {
    const { headers, ...rest } = response as ResponseObject;
    return [status, { ...rest, headers: { ...headers, ...limits } }];
  });
  return Object.fromEntries(entries) as OperationObject['responses'];
}

/** Adds the limits that are settings to a schema. */
function withSettings(schema: SchemaObject, config: Config): SchemaObject {
  const { properties = {} } = schema;
  for (const [name, property] of Object.entries(properties)) {
    const { [MAX_LENGTH_SETTING]: setting, ...rest } = property as SchemaObject & {
      [MAX_LENGTH_SETTING]?: string;
    };
    if (setting === undefined) continue;
    const maxLength = config[setting as keyof Config];
    if (typeof maxLength !== 'number') throw new Error(`${setting} is no setting of a length`);
    properties[name] = { ...rest, maxLength };
  }
  return schema;
}

function pathsOf(
  scanned: OpenAPIObject['paths'],
  routes: readonly ServedRoute[],
): OpenAPIObject['paths'] {
  const paths: OpenAPIObject['paths'] = {};
  for (const [path, item] of Object.entries(scanned)) {
    const described = { ...item };
    for (const method of METHODS) {
      const operation = item[method];
      if (!operation) continue;
      const served = (route: ServedRoute) =>
        route.path === servedPath(path) && route.method === method.toUpperCase();
      const route = routes.find(served);
      if (!route) throw new Error(`described but not served: ${method} ${path}`);
      described[method] = completeOperation(operation, route);
    }
    paths[wirePath(path)] = described;
  }
  return sortPaths(paths);
}

/**
 * Returns the name of a schema. The class `ChatDto` has the schema `Chat`, because schemas become the names
 * of types in generated clients.
 */
const schemaName = (className: string) => className.replace(/Dto$/, '');

/** Moves a schema that has a name to the other schemas, and returns a reference to it. */
function extractNamedSchemas(schemas: Record<string, SchemaObject>, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !(SCHEMA_NAME in value)) return value;
  const { [SCHEMA_NAME]: name, ...schema } = value;
  schemas[String(name)] = schema;
  return { $ref: `#/components/schemas/${String(name)}` };
}

/**
 * Returns the document with each schema under its own name, and without the headers to which no answer
 * refers.
 */
function withNamedSchemas(document: OpenAPIObject): OpenAPIObject {
  const hoisted: Record<string, SchemaObject> = {};
  const text = JSON.stringify(document).replaceAll(
    /"#\/components\/schemas\/(\w+)"/g,
    (_, name: string) => `"#/components/schemas/${schemaName(name)}"`,
  );
  const { components = {}, ...rest } = JSON.parse(text, (_, value: unknown) =>
    extractNamedSchemas(hoisted, value),
  ) as OpenAPIObject;
  const schemas: Record<string, SchemaObject> = {};
  for (const [name, schema] of Object.entries({ ...components.schemas, ...hoisted })) {
    if (schemaName(name) in schemas) throw new Error(`two schemas are called ${schemaName(name)}`);
    schemas[schemaName(name)] = schema as SchemaObject;
  }
  const headers = Object.entries(components.headers ?? {}).filter(([name]) =>
    text.includes(`"#/components/headers/${name}"`),
  );
  return {
    ...rest,
    components: { ...components, schemas, headers: Object.fromEntries(headers) },
  };
}

/** Builds the OpenAPI 3.1 document of every route. Must be called after the application is initialised. */
export function describeApi(app: NestFastifyApplication): OpenAPIObject {
  const config = app.get<Config>(CONFIG);
  const document = SwaggerModule.createDocument(app, overview(config), {
    autoTagControllers: false,
  });
  const schemas = Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => [
    name,
    withSettings(schema as SchemaObject, config),
  ]);
  return withNamedSchemas({
    ...document,
    paths: pathsOf(document.paths, app.get(RouteTable).all()),
    components: {
      ...document.components,
      schemas: { ...Object.fromEntries(schemas), ...ERROR_SCHEMAS } as Record<string, SchemaObject>,
      headers: SHARED_HEADERS,
      responses: sharedResponses(),
    },
  });
}
