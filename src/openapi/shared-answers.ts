import type { OperationObject, ReferenceObject, ResponseObject } from '@nestjs/swagger';
import {
  AuthenticationFailed,
  BadRequest,
  BearerRefused,
  HeadersTooLarge,
  InsufficientScope,
  IdempotencyKeyNotAccepted,
  MethodNotAllowed,
  NotAcceptable,
  NotAuthenticated,
  NotFound,
  ParseError,
  PayloadTooLarge,
  ServerError,
  ServiceStopping,
  SessionRequired,
  Throttled,
  TokenNotValid,
  UnsupportedContentEncoding,
  UnsupportedMediaType,
  ValidationFailed,
  type AppError,
} from '../errors.js';
import { asOpenAi, describeErrors, meaningOf, sampleOf, type ErrorSample } from './error-docs.js';
import { isOpenAiPath } from '../http/openai-error.js';
import type { ServedRoute } from '../http/route-table.js';
import { SCOPES } from '../principal.js';

/** The properties of a route that decide which shared answers it can give. */
export interface RouteProperties extends ServedRoute {
  readonly takesBody: boolean;
}

interface SharedAnswer {
  readonly applies: (route: RouteProperties) => boolean;
  readonly samples: readonly ErrorSample[];
}

const shared = (applies: SharedAnswer['applies'], ...errors: AppError[]): SharedAnswer => ({
  applies,
  samples: errors.map(sampleOf),
});

const always = () => true;
/** The server reads a body even if it is not used. */
const readsBody = ({ method }: RouteProperties) => method !== 'GET';
const badRequests = [new BadRequest('Malformed request.'), new IdempotencyKeyNotAccepted()];

/** The answers that the server gives for many routes, with their names in the document. */
const SHARED: Readonly<Record<string, SharedAnswer>> = {
  BadRequest: shared(({ takesBody }) => !takesBody, ...badRequests),
  BadBody: shared(
    ({ takesBody }) => takesBody,
    new ValidationFailed({ field: ['This field is required.'] }),
    new ParseError('Expecting value: line 1 column 13 (char 12)'),
    ...badRequests,
  ),
  Unauthenticated: shared(
    ({ isPublic }) => !isPublic,
    new NotAuthenticated(),
    new AuthenticationFailed('Invalid token.'),
    new AuthenticationFailed('User inactive or deleted.'),
    new TokenNotValid(),
    new BearerRefused(
      'Authorization header must contain two space-delimited values',
      'bad_authorization_header',
    ),
    new BearerRefused('User is inactive', 'user_inactive'),
    new BearerRefused('User not found', 'user_not_found'),
  ),
  SessionAlone: shared(
    ({ isPublic, access = 'session' }) => !isPublic && access === 'session',
    new SessionRequired(),
  ),
  ScopeMissing: shared(
    ({ access }) => SCOPES.some((scope) => scope === access),
    new InsufficientScope('chat'),
  ),
  NotFound: shared(({ anyAccept }) => !anyAccept, new NotFound()),
  MethodNotAllowed: shared(always, new MethodNotAllowed('PUT')),
  NotAcceptable: shared(({ anyAccept }) => !anyAccept, new NotAcceptable()),
  PayloadTooLarge: shared(readsBody, new PayloadTooLarge()),
  UnsupportedMediaType: shared(
    readsBody,
    new UnsupportedMediaType('text/plain'),
    new UnsupportedContentEncoding('gzip'),
  ),
  HeadersTooLarge: shared(always, new HeadersTooLarge()),
  Throttled: shared(({ path }) => !path.startsWith('/health/'), new Throttled(12)),
  ServerError: shared(always, new ServerError()),
  Unavailable: shared(always, new ServiceStopping()),
};

const DEFAULT = 'Errors that every route can return: see *Refusals* at the top.';

/** Returns every shared error, ordered by status. */
const allSharedSamples = (): ErrorSample[] =>
  Object.values(SHARED)
    .flatMap(({ samples }) => samples)
    .sort((one, other) => one.status - other.status);

/** Returns the components that `refusalsOf` refers to: one answer for all errors that many routes share. */
export function sharedResponses(): Record<string, ResponseObject> {
  const samples = allSharedSamples();
  const first = samples.filter(({ code }) => code === 'not_authenticated');
  const described = (all: readonly ErrorSample[], shown: readonly ErrorSample[]) =>
    describeErrors(shown, { others: all, description: DEFAULT });
  return {
    Refusal: described(samples, first),
    OpenAiRefusal: described(samples.map(asOpenAi), first.map(asOpenAi)),
  };
}

/** Returns the errors that many routes share, by status, as a table in Markdown. */
export function refusalTable(): string {
  const samples = allSharedSamples();
  const rows = [...new Set(samples.map(({ status }) => status))].map((status) => {
    const codes = samples.filter((one) => one.status === status).map(({ code }) => `\`${code}\``);
    return `| ${String(status)} | ${meaningOf(status)} | ${[...new Set(codes)].join(', ')} |`;
  });
  return ['| status | when | `code` |', '| --- | --- | --- |', ...rows].join('\n');
}

/**
 * Returns the error answers of a route: those of its handler by status, and `default` for the shared ones. If
 * a status of the handler can also come from the shared errors, its schema contains both.
 */
export function refusalsOf(
  route: RouteProperties,
  own: readonly ErrorSample[],
): OperationObject['responses'] {
  const isOpenAi = isOpenAiPath(route.path);
  const shaped = (samples: readonly ErrorSample[]) => (isOpenAi ? samples.map(asOpenAi) : samples);
  const possible = Object.values(SHARED).filter(({ applies }) => applies(route));
  const others = shaped(possible.flatMap(({ samples }) => samples));
  const refusals: Record<string, ResponseObject | ReferenceObject> = {};
  for (const { status } of own) {
    const hasStatus = (sample: ErrorSample) => sample.status === status;
    if (status in refusals) continue;
    refusals[status] = describeErrors(shaped(own).filter(hasStatus), {
      others: others.filter(hasStatus),
    });
  }
  const name = isOpenAi ? 'OpenAiRefusal' : 'Refusal';
  return { ...refusals, default: { $ref: `#/components/responses/${name}` } };
}
