import type { HeaderObject, OpenAPIObject, SchemaObject } from '@nestjs/swagger';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { isOpenAiPath } from '../../src/http/openai-error.js';
import { ALWAYS_ON_JSON } from '../../src/openapi/route-docs.js';
import type { Answer } from './client.js';
import { isPageFile, operationsOf, resolve, responseOf, type Operation } from './document.js';

/** The answer of every path to OPTIONS, which the document describes only in words. */
const OPTIONS_ANSWER = {
  type: 'object',
  additionalProperties: false,
  required: ['renders', 'parses'],
  properties: { renders: { type: 'array' }, parses: { type: 'array' } },
};

/** The answer for a path or a method that does not exist. */
const REFUSAL = {
  anyOf: [{ $ref: 'Problem' }, { $ref: 'CredentialRefused' }],
};

const OPENAI_REFUSAL = { $ref: 'OpenAiError' };

/** The statuses of `default`, each with its headers and, for errors in our shape, its codes. */
const DEFAULT_ANSWERS: Readonly<Record<number, { headers?: string[]; codes: string[] }>> = {
  400: { codes: ['invalid', 'parse_error', 'bad_request', 'idempotency_key_not_taken'] },
  401: {
    headers: ['www-authenticate'],
    codes: [
      'not_authenticated',
      'authentication_failed',
      'token_not_valid',
      'bad_authorization_header',
      'user_inactive',
      'user_not_found',
    ],
  },
  403: { codes: ['session_required', 'insufficient_scope'] },
  404: { codes: ['not_found'] },
  405: { headers: ['allow'], codes: ['method_not_allowed'] },
  406: { codes: ['not_acceptable'] },
  413: { codes: ['payload_too_large'] },
  415: { codes: ['unsupported_media_type', 'unsupported_content_encoding'] },
  429: { headers: ['retry-after'], codes: ['throttled'] },
  431: { codes: ['headers_too_large'] },
  500: { codes: ['error'] },
  503: { headers: ['retry-after'], codes: ['unavailable'] },
};

/** Checks whether `default` covers this status on this route. */
function isDefaultAnswer({ method, security }: Operation, status: number): boolean {
  if (status === 401 || status === 403) return security?.length !== 0;
  if (status === 413 || status === 415) return method !== 'GET';
  return status in DEFAULT_ANSWERS;
}

/** Returns what is missing in an answer that every answer must have. */
function commonFault({ status, headers }: Answer): string | undefined {
  const needed = status < 400 ? ['X-Request-Id', 'Allow'] : ['X-Request-Id'];
  const missing = needed.find((name) => headers[name.toLowerCase()] === undefined);
  return missing && `a header ${missing}`;
}

/** Returns what is missing in an answer that `default` covers. */
function defaultAnswerFault({ status, headers, body }: Answer): string | undefined {
  const { headers: needed = [], codes } = DEFAULT_ANSWERS[status] ?? { codes: [] };
  const missing = needed.find((name) => headers[name] === undefined);
  if (missing !== undefined) return `a header ${missing}`;
  const { code: givenCode, error } = (body ?? {}) as { code?: unknown; error?: unknown };
  const code = typeof givenCode === 'string' ? givenCode : 'invalid';
  const isKnownCode = error !== undefined || body === '' || codes.includes(code);
  return isKnownCode ? undefined : `of the codes of ${String(status)}, only ${codes.join(', ')}`;
}

/** Closes each object, so that an undocumented key is a fault, although clients would ignore it. */
function close(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  if ('properties' in node && !('$ref' in node) && !('additionalProperties' in node)) {
    Object.assign(node, { additionalProperties: false });
  }
  Object.values(node).forEach(close);
}

const withoutLastSlash = (path: string) => path.replace(/(?<=.)\/$/, '');

/** An answer that does not match the schema. */
export class SchemaMismatch extends Error {
  constructor(
    /** Method, path as in the document, and status: `GET /api/chat/ answered 200`. */
    readonly route: string,
    readonly fault: string,
    details: string,
  ) {
    super(`${route} otherwise than the schema says: ${fault}\n${details}`);
  }
}

/** Checks answers against the schema that the service serves: status, media type, body and headers. */
export class Conformance {
  private readonly document: OpenAPIObject;
  private readonly paths: { pattern: RegExp; operations: Operation[] }[];
  private readonly ajv = new Ajv2020({ allowUnionTypes: true });
  private readonly validators = new Map<object, ValidateFunction>();

  constructor(text: string) {
    // The validator knows each schema by its name, because the whole document is not a schema.
    const named = text.replaceAll('"$ref":"#/components/schemas/', '"$ref":"');
    this.document = JSON.parse(named) as OpenAPIObject;
    close(this.document);
    addFormats.default(this.ajv);
    this.ajv.addVocabulary(['example']);
    for (const [name, schema] of Object.entries(this.document.components?.schemas ?? {})) {
      this.ajv.addSchema(schema, name);
    }
    const operations = operationsOf(this.document);
    this.paths = Object.keys(this.document.paths)
      .sort((one, other) => one.split('{').length - other.split('{').length)
      .map((path) => ({
        pattern: new RegExp(`^${withoutLastSlash(path).replaceAll(/\{\w+\}/g, '[^/]+')}$`),
        operations: operations.filter((operation) => operation.path === path),
      }));
  }

  /** Throws a `SchemaMismatch` that describes how the answer differs from the schema. */
  assert(method: string, url: string, answer: Answer): void {
    const path = withoutLastSlash(url.split('?', 1)[0] ?? url);
    const known = this.paths.find(({ pattern }) => pattern.test(path));
    const name = method === 'HEAD' ? 'GET' : method;
    const operation = known?.operations.find((candidate) => candidate.method === name);
    const fault = operation
      ? this.faultOf(operation, method, answer)
      : this.faultUnrouted(method, path, answer);
    if (fault === undefined) return;
    const { status, raw, headers } = answer;
    const route = `${method} ${operation?.path ?? path} answered ${String(status)}`;
    const details = `${url}\nheaders: ${JSON.stringify(headers)}\nbody: ${raw.slice(0, 1000)}`;
    throw new SchemaMismatch(route, fault, details);
  }

  private faultOf(operation: Operation, method: string, answer: Answer): string | undefined {
    const own = responseOf(this.document, operation, answer.status);
    if (!own && !isDefaultAnswer(operation, answer.status)) {
      return `of the statuses, only ${Object.keys(operation.responses).join(', ')}`;
    }
    const general = commonFault(answer) ?? (own ? undefined : defaultAnswerFault(answer));
    if (general !== undefined) return general;
    const response = own ?? responseOf(this.document, operation, 'default');
    if (!response) return 'no `default`';
    const { content = {}, headers = {} } = response;
    const type = answer.headers['content-type']?.split(';', 1)[0] ?? 'none';
    const described = content[type];
    for (const [name, header] of Object.entries(headers)) {
      const fault = this.faultOfHeader(name, resolve(this.document, header), answer);
      if (fault !== undefined) return fault;
    }
    if (method === 'HEAD' || Object.keys(content).length === 0) {
      return answer.raw === '' ? undefined : 'no body';
    }
    if (!described) return `content of type ${Object.keys(content).join(' or ')}, not ${type}`;
    const { schema } = described;
    if (!schema) return undefined;
    if (type === 'text/event-stream') return this.faultOfEvents(schema, answer.raw);
    return type === 'application/json' ? this.faultOfValue(schema, answer.body, 'body') : undefined;
  }

  private faultOfEvents(schema: object, raw: string): string | undefined {
    for (const [, line = ''] of raw.matchAll(/^data: (.*)$/gm)) {
      const value: unknown = line === '[DONE]' ? line : JSON.parse(line);
      const fault = this.faultOfValue(schema, value, 'event');
      if (fault !== undefined) return `${fault}, as ${line.slice(0, 500)} is`;
    }
    return undefined;
  }

  private faultUnrouted(method: string, path: string, answer: Answer): string | undefined {
    const { status, body, raw } = answer;
    if (method === 'HEAD') return raw === '' ? undefined : 'no body';
    if (method === 'OPTIONS' && status === 200) {
      return this.faultOfValue(OPTIONS_ANSWER, body, 'body');
    }
    if (method === 'OPTIONS' && status === 204) return raw === '' ? undefined : 'no body';
    if (status === 200 && isPageFile(path)) return undefined;
    if (status < 400) return 'it has no such path or method';
    if (!answer.headers['x-request-id']) return 'a header X-Request-Id';
    return this.faultOfValue(isOpenAiPath(path) ? OPENAI_REFUSAL : REFUSAL, body, 'body');
  }

  private faultOfHeader(name: string, header: HeaderObject, answer: Answer): string | undefined {
    const value = answer.headers[name.toLowerCase()];
    if (value === undefined) {
      const isJson = answer.headers['content-type'] === 'application/json';
      const isNeeded = header.required ?? (isJson && ALWAYS_ON_JSON in header);
      return isNeeded ? `a header ${name}` : undefined;
    }
    const schema = (header.schema ?? {}) as SchemaObject;
    const meant = schema.type === 'integer' ? Number(value) : value;
    return this.faultOfValue(schema, meant, `header ${name}`);
  }

  private faultOfValue(schema: object, value: unknown, dataVar: string): string | undefined {
    const validate = this.validators.get(schema) ?? this.ajv.compile(schema);
    this.validators.set(schema, validate);
    return validate(value) ? undefined : this.ajv.errorsText(validate.errors, { dataVar });
  }
}
