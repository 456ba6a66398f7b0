/** What an error answers with: the status, a JSON body and headers. `error.filter` only renders it. */
export interface ErrorAnswer {
  readonly status: number;
  readonly body: object;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * An error that the API speaks. `detail` is for people and is part of the contract;
 * `code` is for machines and never changes once released.
 */
export abstract class AppError extends Error {
  abstract readonly status: number;
  abstract readonly code: string;
  readonly headers: Readonly<Record<string, string>> = {};

  answer(): ErrorAnswer {
    const body = { detail: this.message, code: this.code };
    return { status: this.status, body, headers: this.headers };
  }
}

/** Messages by field, in the order of the contract; `non_field_errors` for the whole body. */
export type FieldErrors = Readonly<Record<string, readonly string[]>>;

/** Fields that break their rules: `{"username": ["This field is required."]}`. */
export class ValidationFailed extends AppError {
  readonly status = 400;
  readonly code = 'invalid';
  constructor(readonly fields: FieldErrors) {
    super('Invalid input.');
  }
  override answer(): ErrorAnswer {
    return { status: this.status, body: this.fields, headers: this.headers };
  }
}

/** A body that is neither JSON nor a whole form, not in its declared charset, or has a key that could poison an object. */
export class ParseError extends AppError {
  readonly status = 400;
  readonly code = 'parse_error';
  constructor(reason: string, form: 'JSON' | 'Multipart form' = 'JSON') {
    super(`${form} parse error - ${reason}`);
  }
}

/** A request that HTTP itself does not allow, such as two Authorization headers. */
export class BadRequest extends AppError {
  readonly status = 400;
  readonly code = 'bad_request';
}

const CHALLENGE = { 'WWW-Authenticate': 'Token, Bearer realm="api"' };

/** No usable Authorization header came with the request. */
export class NotAuthenticated extends AppError {
  readonly status = 401;
  readonly code = 'not_authenticated';
  override readonly headers = CHALLENGE;
  override readonly message = 'Authentication credentials were not provided.';
}

/** A `Token` header was sent, and it does not serve: malformed, unknown, expired or revoked. */
export class AuthenticationFailed extends AppError {
  readonly status = 401;
  readonly code = 'authentication_failed';
  override readonly headers = CHALLENGE;
}

/** A `Bearer` header was sent, and it does not serve. The words are SimpleJWT's. */
export class BearerRefused extends AppError {
  readonly status = 401;
  override readonly headers = CHALLENGE;
  constructor(
    detail: string,
    readonly code: string,
  ) {
    super(detail);
  }
}

/** A `Bearer` credential that is no access token at all, or one that is spent or forged. */
export class TokenNotValid extends BearerRefused {
  constructor(private readonly reason = 'Token is invalid or expired') {
    super('Given token not valid for any token type', 'token_not_valid');
  }
  override answer(): ErrorAnswer {
    const messages = [{ token_class: 'AccessToken', token_type: 'access', message: this.reason }];
    const body = { detail: this.message, code: this.code, messages };
    return { status: this.status, body, headers: this.headers };
  }
}

/** A credential given in a JWT route's body is refused; the challenge is SimpleJWT's own. */
export class JwtRefused extends AppError {
  readonly status = 401;
  override readonly headers = { 'WWW-Authenticate': 'Bearer realm="api"' };
  constructor(
    detail: string,
    readonly code: string,
  ) {
    super(detail);
  }
}

/**
 * The wallet cannot afford it, or its owner's own limit or that of the key is reached (`Tokens-Limit`). The body is exact: a
 * client of the reference compares it whole.
 */
export class InsufficientBalance extends AppError {
  readonly status = 402;
  readonly code = 'insufficient_tokens';
  override readonly headers: Readonly<Record<string, string>>;
  constructor(
    readonly required: number,
    readonly available: number,
    limit?: 'daily' | 'key',
  ) {
    super('Insufficient tokens');
    this.headers = {
      'Tokens-Required': String(required),
      'Tokens-Available': String(available),
      ...(limit && { 'Tokens-Limit': limit }),
    };
  }
  override answer(): ErrorAnswer {
    return { status: this.status, body: { error: this.message }, headers: this.headers };
  }
}

/** The caller is known, and may not do this. */
export class PermissionDenied extends AppError {
  readonly status = 403;
  readonly code = 'permission_denied';
  override readonly message = 'You do not have permission to perform this action.';
}

/** The API key is good, and was not given the scope that the route needs. The challenge is RFC 6750's. */
export class InsufficientScope extends AppError {
  readonly status = 403;
  readonly code = 'insufficient_scope';
  override readonly headers: Readonly<Record<string, string>>;
  constructor(scope: string) {
    super(`This API key does not have the scope "${scope}".`);
    this.headers = {
      'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scope}"`,
    };
  }
}

/** API keys manage nothing: that is for a person who has logged in. */
export class SessionRequired extends AppError {
  readonly status = 403;
  readonly code = 'session_required';
  override readonly message = 'An API key may not do this. Log in instead.';
}

/** The person keeps as many bytes, or conversations, as they may. Nothing was charged. */
export class StorageFull extends AppError {
  readonly status = 403;
  readonly code = 'storage_full';
  override readonly message =
    'Your storage is full. Delete conversations to make room. Nothing was charged.';
}

/** Users are made by operators here, and nobody registers. */
export class RegistrationClosed extends AppError {
  readonly status = 403;
  readonly code = 'registration_closed';
  override readonly message = 'Registration is closed.';
}

/** Without an operator nobody could make another but from a shell. */
export class LastStaffMember extends AppError {
  readonly status = 403;
  readonly code = 'last_staff_member';
  override readonly message = 'The last member of the staff cannot leave.';
}

/** No such route, or no such object for this caller: someone else's is not found either. */
export class NotFound extends AppError {
  readonly status = 404;
  readonly code = 'not_found';
  constructor(detail = 'Not found.') {
    super(detail);
  }
}

/** No model of that name: what OpenAI's clients are told. */
export class ModelNotFound extends AppError {
  readonly status = 404;
  readonly code = 'model_not_found';
  constructor(name: string) {
    super(`The model "${name}" does not exist.`);
  }
}

/** The response to go on with is not there, was not kept, or is somebody else's. */
export class PreviousResponseNotFound extends AppError {
  readonly status = 404;
  readonly code = 'previous_response_not_found';
  constructor(id: string) {
    super(`Previous response with id '${id}' not found.`);
  }
}

/** The path exists, the method does not; `Allow` is set for every answer of the path. */
export class MethodNotAllowed extends AppError {
  readonly status = 405;
  readonly code = 'method_not_allowed';
  constructor(method: string) {
    super(`Method "${method}" not allowed.`);
  }
}

/** The Accept header names nothing that the API can write. */
export class NotAcceptable extends AppError {
  readonly status = 406;
  readonly code = 'not_acceptable';
  override readonly message = 'Could not satisfy the request Accept header.';
}

/** An Idempotency-Key that is neither a bare word nor a quoted string of 1 to 255 characters. */
export class IdempotencyKeyMalformed extends AppError {
  readonly status = 400;
  readonly code = 'idempotency_key_malformed';
  override readonly message =
    'Idempotency-Key must be 1 to 255 printable ASCII characters, bare or quoted.';
}

/** A route that would not heed the key says so: a client that counts on it would do the same twice. */
export class IdempotencyKeyNotTaken extends AppError {
  readonly status = 400;
  readonly code = 'idempotency_key_not_taken';
  override readonly message =
    'This route takes no Idempotency-Key header. Send the request without it.';
}

/** A route that credits money is asked for a key, so that no retry of an operator credits twice. */
export class IdempotencyKeyRequired extends AppError {
  readonly status = 400;
  readonly code = 'idempotency_key_required';
  override readonly message = 'This request needs an Idempotency-Key header.';
}

/** What is told of an answer under way: it can be waited for, or stopped by its turn. */
const underWay = (turnId: string | undefined) => ({
  'Retry-After': '1',
  ...(turnId !== undefined && { 'Turn-Id': turnId }),
});

/** The first request with this key is not finished. Its answer will be replayed to a later try. */
export class IdempotencyKeyInUse extends AppError {
  readonly status = 409;
  readonly code = 'idempotency_key_in_use';
  override readonly headers: Readonly<Record<string, string>>;
  override readonly message = 'A request with this Idempotency-Key is still running.';
  /** `turnId` is the turn that its answer will be saved as, where it is one. */
  constructor(readonly turnId?: string) {
    super();
    this.headers = underWay(turnId);
  }
}

/** The key was used with another body: a retry repeats the request, it does not change it. */
export class IdempotencyKeyReused extends AppError {
  readonly status = 422;
  readonly code = 'idempotency_key_reused';
  override readonly message = 'This Idempotency-Key was used with another request.';
}

/** The request did not arrive whole within `REQUEST_TIMEOUT_SECONDS`. */
export class RequestTimeout extends AppError {
  readonly status = 408;
  readonly code = 'request_timeout';
  override readonly message = 'The request took too long to arrive.';
}

/** The body is larger than `BODY_MAX_BYTES`. */
export class PayloadTooLarge extends AppError {
  readonly status = 413;
  readonly code = 'payload_too_large';
  override readonly message = 'The request body is too large.';
}

/** The body is packed, which no route unpacks. */
export class UnsupportedContentEncoding extends AppError {
  readonly status = 415;
  readonly code = 'unsupported_content_encoding';
  constructor(encoding: string) {
    super(`Unsupported content encoding "${encoding}" in request. Send the body as it is.`);
  }
}

/** The body is neither JSON nor a form. */
export class UnsupportedMediaType extends AppError {
  readonly status = 415;
  readonly code = 'unsupported_media_type';
  constructor(mediaType: string) {
    super(`Unsupported media type "${mediaType}" in request.`);
  }
}

/** The request's headers are larger than the server reads. */
export class HeadersTooLarge extends AppError {
  readonly status = 431;
  readonly code = 'headers_too_large';
  override readonly message = 'The request headers are too large.';
}

/** The conversation has an answer under way; only one at a time has a context that makes sense. */
export class ConversationBusy extends AppError {
  readonly status = 409;
  readonly code = 'conversation_busy';
  override readonly headers: Readonly<Record<string, string>>;
  override readonly message = 'This conversation is being answered.';
  /** `turnId` is the turn that the answer will be saved as. */
  constructor(turnId?: string) {
    super();
    this.headers = underWay(turnId);
  }
}

/** What happened at a provider, for the operator's log: never for a caller, and never in a provider's words. */
export interface ProviderReport {
  readonly provider: string;
  /** The model's name there. */
  readonly model: string;
  readonly reason: string;
  /** The status that the provider answered with, and its own code for it, where there was one. */
  readonly upstreamStatus?: number | undefined;
  readonly upstreamCode?: string | undefined;
  /** The system's code where the provider could not be reached, such as ECONNREFUSED. */
  readonly connectionCode?: string | undefined;
  /** From the question to the failure. */
  readonly tookMs: number;
}

/** A provider's doing: one line of the log tells the report, and no stack, for nothing of ours went wrong. */
export abstract class ProviderError extends AppError {
  readonly report: ProviderReport | undefined;
  constructor(detail: string, { report, ...options }: ErrorOptions & { report?: ProviderReport }) {
    super(detail, options);
    this.report = report;
  }
}

/** The model's provider refused, broke off, or sent nonsense. Nothing was charged. */
export class ProviderFailed extends ProviderError {
  readonly status = 502;
  readonly code = 'provider_failed';
  constructor(options: ErrorOptions & { report?: ProviderReport } = {}) {
    super('The model did not answer. Nothing was charged.', options);
  }
}

/**
 * The provider answered 400 where others answer 401, 402 or 404: for a key, an account or a model's name, which are
 * the operator's. A caller is told what `ProviderFailed` tells.
 */
export class ProviderUnfit extends ProviderFailed {
  /** `words` are the provider's, for who examines the models. */
  constructor(
    readonly words: string,
    options: { report?: ProviderReport } = {},
  ) {
    super(options);
  }
}

/** The provider, or the way to it, has too much to do. Nothing was charged. */
export class ProviderBusy extends ProviderError {
  readonly status = 503;
  readonly code = 'provider_busy';
  override readonly headers: Readonly<Record<string, string>>;
  constructor(retryAfterSeconds: number, options: { report?: ProviderReport } = {}) {
    const seconds = String(retryAfterSeconds);
    super(`The model is busy. Try again in ${seconds} seconds. Nothing was charged.`, options);
    this.headers = { 'Retry-After': seconds };
  }
}

/** The provider found a fault in the caller's own request, and says which. Nothing was charged. */
export class ProviderRefused extends ProviderError {
  readonly status = 400;
  readonly code: 'provider_refused' | 'context_length_exceeded';
  constructor(detail: string, options: { report?: ProviderReport; isTooLong?: boolean } = {}) {
    const { isTooLong, ...rest } = options;
    super(detail, rest);
    this.code = isTooLong ? 'context_length_exceeded' : 'provider_refused';
  }
}

/** The request is larger than its model's provider takes. Nothing was charged. */
export class ProviderBodyTooLarge extends ProviderError {
  readonly status = 413;
  readonly code = 'provider_body_too_large';
  constructor(detail: string, options: { report?: ProviderReport } = {}) {
    super(detail, options);
  }
}

/** The answer took longer than `ANSWER_TIMEOUT_SECONDS`, with nothing passed on. Nothing was charged. */
export class ProviderTimedOut extends ProviderError {
  readonly status = 504;
  readonly code = 'provider_timed_out';
  constructor(options: { report?: ProviderReport } = {}) {
    super('The model took too long. Nothing was charged.', options);
  }
}

/** The caller took so long to read that time ran out; what was produced is charged. Only within a stream. */
export class AnswerNotRead extends AppError {
  readonly status = 408;
  readonly code = 'answer_not_read';
  constructor() {
    super('The answer was not read in time. What was produced is charged.');
  }
}

/** Asked too often. The sentence is Django REST framework's. */
export class Throttled extends AppError {
  readonly status = 429;
  readonly code = 'throttled';
  override readonly headers: Readonly<Record<string, string>>;
  constructor(waitSeconds: number) {
    const seconds = waitSeconds === 1 ? 'second' : 'seconds';
    const { stackTraceLimit } = Error;
    // Refusals come by the thousand, and nobody reads where: a stack would cost more than all else of one.
    Error.stackTraceLimit = 0;
    super(`Request was throttled. Expected available in ${String(waitSeconds)} ${seconds}.`);
    Error.stackTraceLimit = stackTraceLimit;
    this.headers = { 'Retry-After': String(waitSeconds) };
  }
}

/** Anything unforeseen. What happened is in the log under the request id, never in the answer. */
export class ServerError extends AppError {
  readonly status = 500;
  readonly code = 'error';
  override readonly message = 'A server error occurred.';
}

/** Too much is waiting, or the process is stopping: try again, here or elsewhere. Throw one of those below. */
export class Unavailable extends AppError {
  readonly status = 503;
  readonly code = 'unavailable';
  override readonly headers: Readonly<Record<string, string>>;
  constructor(detail: string, retryAfterSeconds: number) {
    super(detail);
    this.headers = { 'Retry-After': String(retryAfterSeconds) };
  }
}

/** The process was told to stop; another one may serve. */
export class ServiceStopping extends Unavailable {
  constructor() {
    super('The service is stopping.', 1);
  }
}

/** `REQUESTS_MAX` requests are being handled. */
export class TooManyUnderWay extends Unavailable {
  constructor() {
    super('Too many requests are under way.', 1);
  }
}

/** A queue of the database is full. */
export class TooManyWaiting extends Unavailable {
  constructor() {
    super('Too many requests are waiting.', 1);
  }
}

/** `HASH_QUEUE_MAX` passwords wait for their hash. */
export class TooManyLogins extends Unavailable {
  constructor() {
    super('Too many logins are waiting.', 1);
  }
}

/** The database cannot serve for now. A retry may serve; the operator is told once, not at every request. */
export abstract class DatabaseUnavailable extends Unavailable {
  /** The database's own words, or the driver's: for operators alone. */
  reason = '';
}

/** No connection to the database became free in time, or another program has it locked. */
export class DatabaseBusy extends DatabaseUnavailable {
  constructor() {
    super('The database is busy.', 1);
  }
}

/** The database gives no answer: it is stopped, starts, or cannot be reached. */
export class DatabaseSilent extends DatabaseUnavailable {
  constructor() {
    super('The database does not answer.', 1);
  }
}

/** The database has no room to write. */
export class DatabaseFull extends DatabaseUnavailable {
  constructor() {
    super('The database has no room.', 10);
  }
}

/** The hold ran out before the answer could be settled. */
export class AnswerExpired extends Unavailable {
  constructor() {
    super('The answer took too long. Nothing was charged.', 1);
  }
}
