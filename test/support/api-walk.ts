import type {
  LinkObject,
  OpenAPIObject,
  ParameterObject,
  RequestBodyObject,
} from '@nestjs/swagger';
import type { TestApp } from './app.js';
import type { Answer } from './client.js';
import { operationsOf, responseOf, type Operation } from './document.js';

type Values = Readonly<Record<string, unknown>>;
export type BodyType =
  'application/json' | 'application/x-www-form-urlencoded' | 'multipart/form-data';

/** A request that the document describes, and its answer. */
export interface Step {
  readonly id: string;
  readonly documented: number;
  readonly status: number;
  readonly raw: string;
}

/** Checks whether a form can contain the body. Forms have no null and no nesting. */
const fitsForm = (body: Values) =>
  Object.values(body).every((value) => value !== null && typeof value !== 'object');

function encode(type: BodyType, body: Values): string {
  if (type === 'application/json') return JSON.stringify(body);
  if (type === 'multipart/form-data') return toMultipart(body);
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(body)) fields.append(name, String(value));
  return fields.toString();
}

/** Encodes a body as `curl -F` and Django's test client do. */
export function toMultipart(body: Values): string {
  const parts = Object.entries(body).map(
    ([name, value]) =>
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${String(value)}\r\n`,
  );
  return `${parts.join('')}--${BOUNDARY}--\r\n`;
}

const BOUNDARY = 'BoUnDaRyStRiNg';
export const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`;

/** Returns the examples of an operation's required parameters in one place, by name. */
function examplesIn(place: string, parameters: Operation['parameters'] = []): Values {
  const required = (parameters as ParameterObject[]).filter(
    (one) => one.in === place && one.required,
  );
  const pairs = required.map(({ name, schema }) => {
    const { examples = [] } = schema as { examples?: unknown[] };
    return [name, examples[0]] as const;
  });
  return Object.fromEntries(pairs.filter(([, example]) => example !== undefined));
}

/** Operations that end the credential of the walk. They run as another user. */
const ENDING = ['changePassword', 'deleteMe', 'endOtherSessions'];

/** Evaluates `$response.body#/results/0/id` or `$response.header.Turn-Id` on an answer. */
function evaluate(expression: unknown, answer: Answer): unknown {
  const [, header] = /^\$response\.header\.([\w-]+)$/.exec(String(expression)) ?? [];
  if (header !== undefined) return answer.headers[header.toLowerCase()];
  const [, pointer] = /^\$response\.body#\/([\w/]+)$/.exec(String(expression)) ?? [];
  if (pointer === undefined) return expression;
  return pointer.split('/').reduce<unknown>((value, name) => (value as Values)[name], answer.body);
}

const evaluateAll = (expressions: Values, answer: Answer): Values =>
  Object.fromEntries(
    Object.entries(expressions).map(([name, value]) => [name, evaluate(value, answer)]),
  );

/**
 * Follows the document: registers, sends each example of each route, follows each link, and logs out at the end. It
 * uses the credential of the first registration.
 */
export class ApiWalk {
  readonly steps: Step[] = [];
  private readonly operations: Operation[];
  private credential = '';

  constructor(
    private readonly app: TestApp,
    private readonly document: OpenAPIObject,
    private readonly type: BodyType,
    /** Returns the body to send in place of an example. */
    private readonly changed: (operation: Operation, body: Values) => Values = (_, body) => body,
  ) {
    const rank = ({ operationId: id }: Operation) =>
      id === 'register' ? 0 : id === 'logOut' ? 2 : 1;
    this.operations = operationsOf(document).sort((one, other) => rank(one) - rank(other));
  }

  /**
   * Returns the steps with another status than documented. Embeddings need a provider, and there is none, so their
   * examples get a 404 for an unknown model.
   */
  get unexpected(): Step[] {
    return this.steps.filter(({ id, status, documented }) => {
      return status !== (id === 'createEmbeddings' ? 404 : documented);
    });
  }

  async run(): Promise<void> {
    for (const operation of this.operations) {
      const inPath = examplesIn('path', operation.parameters);
      const needed = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
      if (!needed.every((name) => name in inPath)) continue; // a link leads there
      for (const body of this.examplesOf(operation)) await this.send(operation, { body, inPath });
    }
  }

  /**
   * Returns the bodies to send. A route without a body gets none. Examples that need values from links are left
   * out.
   */
  private examplesOf({ requestBody }: Operation): (Values | undefined)[] {
    if (!requestBody) return [undefined];
    const { content } = requestBody as RequestBodyObject;
    const type = this.typeFor(requestBody);
    const examples = Object.values(content[type]?.examples ?? {});
    const values = examples.map((example) => (example as { value: Values }).value);
    return type === 'application/json' ? values : values.filter(fitsForm);
  }

  /** Returns the content type. A route that does not accept forms gets JSON. */
  private typeFor(requestBody: Operation['requestBody']): BodyType {
    const { content = {} } = (requestBody ?? {}) as Partial<RequestBodyObject>;
    return this.type in content ? this.type : 'application/json';
  }

  private async send(
    operation: Operation,
    { body, inPath }: { body?: Values | undefined; inPath: Values },
  ): Promise<void> {
    const { method, path, operationId: id, responses, security } = operation;
    const { parameters, requestBody } = operation;
    const type = this.typeFor(requestBody);
    const sent = body && this.changed(operation, body);
    const answer = await this.app.send({
      method,
      path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(inPath[name])),
      headers: {
        ...(examplesIn('header', parameters) as Record<string, string>),
        ...(body && { 'Content-Type': type === 'multipart/form-data' ? MULTIPART : type }),
        ...(security?.length !== 0 && { Authorization: `Bearer ${await this.credentialFor(id)}` }),
      },
      ...(sent && { body: encode(type, sent) }),
    });
    const documented = Number(Object.keys(responses).find((status) => status.startsWith('2')));
    this.steps.push({ id, documented, status: answer.status, raw: answer.raw });
    if (id === 'register' && this.credential === '') {
      this.credential = (answer.body as { token: string }).token;
      // No route makes a user an operator, so the examples for operators need this.
      await this.app.database.rows('UPDATE users SET is_staff = $1', [true]);
    }
    const links = responseOf(this.document, { responses }, answer.status)?.links ?? {};
    for (const link of Object.values(links)) await this.followLinks(link as LinkObject, answer);
  }

  private async credentialFor(id: string | undefined): Promise<string> {
    if (id === 'readCurrentKey') return this.apiKey();
    if (id === undefined || !ENDING.includes(id)) return this.credential;
    const username = `walker-${id}`;
    const { body } = await this.app.post('/api/register/', {
      username,
      password: 'strongpassword123',
    });
    return (body as { token: string }).token;
  }

  /** Returns the key of a new API key, for operations that only API keys may call. */
  private async apiKey(): Promise<string> {
    const headers = { Authorization: `Bearer ${this.credential}` };
    const { body } = await this.app.post('/api/keys/', { name: 'walker' }, headers);
    return (body as { key: string }).key;
  }

  private async followLinks(
    { operationId, requestBody, parameters }: LinkObject,
    answer: Answer,
  ): Promise<void> {
    const target = this.operations.find((operation) => operation.operationId === operationId);
    if (!target) throw new Error(`a link leads to no operation: ${String(operationId)}`);
    await this.send(target, {
      ...(requestBody && { body: evaluateAll(requestBody as Values, answer) }),
      inPath: evaluateAll(parameters ?? {}, answer),
    });
  }
}
