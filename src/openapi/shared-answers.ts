import type { OperationObject, ReferenceObject, ResponseObject } from '@nestjs/swagger';
import {
  AuthenticationFailed,
  BadRequest,
  BearerRefused,
  HeadersTooLarge,
  InsufficientScope,
  IdempotencyKeyNotTaken,
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
import { asOpenAi, describeErrors, sampleOf, type ErrorSample } from './error-docs.js';
import { isOpenAiPath } from '../http/openai-error.js';
import type { ServedRoute } from '../http/route-table.js';
import { SCOPES } from '../principal.js';

/** What decides which of the shared answers a route can give. */
export interface Circumstances extends ServedRoute {
  readonly takesBody: boolean;
}

interface SharedAnswer {
  readonly applies: (route: Circumstances) => boolean;
  readonly samples: readonly ErrorSample[];
}

const shared = (applies: SharedAnswer['applies'], ...errors: AppError[]): SharedAnswer => ({
  applies,
  samples: errors.map(sampleOf),
});

const always = () => true;
/** The server reads a body, if only to drop it. */
const reads = ({ method }: Circumstances) => method !== 'GET';
const badRequests = [new BadRequest('Malformed request.'), new IdempotencyKeyNotTaken()];

/** The answers that the server gives for many routes, by the names they have in the document. */
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
  PayloadTooLarge: shared(reads, new PayloadTooLarge()),
  UnsupportedMediaType: shared(
    reads,
    new UnsupportedMediaType('text/plain'),
    new UnsupportedContentEncoding('gzip'),
  ),
  HeadersTooLarge: shared(always, new HeadersTooLarge()),
  Throttled: shared(({ path }) => !path.startsWith('/health/'), new Throttled(12)),
  ServerError: shared(always, new ServerError()),
  Unavailable: shared(always, new ServiceStopping()),
};

/** The components that `answersOf` refers to. */
export function sharedResponses(): Record<string, ResponseObject> {
  const described = Object.entries(SHARED).map(([name, { samples }]) => [
    name,
    describeErrors(samples),
  ]);
  return Object.fromEntries(described) as Record<string, ResponseObject>;
}

/**
 * Every refusal of a route: the shared ones by reference, and, where its handler throws errors of the same
 * status, both in one description.
 */
export function refusalsOf(
  route: Circumstances,
  own: readonly ErrorSample[],
): OperationObject['responses'] {
  if (isOpenAiPath(route.path)) return openAiRefusals(route, own);
  const refusals: Record<string, ResponseObject | ReferenceObject> = {};
  for (const [name, { applies, samples }] of Object.entries(SHARED)) {
    const status = samples[0]?.status;
    if (!applies(route) || status === undefined) continue;
    const added = own.filter((sample) => sample.status === status);
    refusals[status] =
      added.length === 0
        ? { $ref: `#/components/responses/${name}` }
        : describeErrors([...added, ...samples]);
  }
  for (const { status } of own) {
    if (status in refusals) continue;
    refusals[status] = describeErrors(own.filter((sample) => sample.status === status));
  }
  return refusals;
}

/** Where every error has OpenAI's shape there is nothing to share with the other routes. */
function openAiRefusals(
  route: Circumstances,
  own: readonly ErrorSample[],
): Record<string, ResponseObject> {
  const shared = Object.values(SHARED).filter(({ applies }) => applies(route));
  const samples = [...own, ...shared.flatMap((answer) => answer.samples)].map(asOpenAi);
  const statuses = [...new Set(samples.map(({ status }) => status))];
  const described = statuses.map((status) => [
    status,
    describeErrors(samples.filter((sample) => sample.status === status)),
  ]);
  return Object.fromEntries(described) as Record<string, ResponseObject>;
}
