/** The response for an error: status, JSON body and headers. `error.filter` only writes it. */
export interface ErrorAnswer {
  readonly status: number;
  readonly body: object;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * An error of the API. `detail` is for people and is part of the contract. `code` is for programs and never
 * changes once it is released.
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

/** Messages by field, in the order of the contract. `non_field_errors` are for the whole body. */
export type FieldErrors = Readonly<Record<string, readonly string[]>>;

/** Fields are not valid: `{"username": ["This field is required."]}`. */
export class ValidationFailed extends AppError {
  readonly status = 400;
  readonly code: string = 'invalid';
  constructor(readonly fields: FieldErrors) {
    super('Invalid input.');
  }
  override answer(): ErrorAnswer {
    return { status: this.status, body: this.fields, headers: this.headers };
  }
}

/**
 * The message, or the context with it, is longer than the model takes. The code appears below `/v1`, where clients
 * know it and shorten the context.
 */
export class TooLongForModel extends ValidationFailed {
  override readonly code = 'context_length_exceeded';
  constructor(
    readonly modelId: string,
    field: 'message' | 'input' = 'message',
  ) {
    super({ [field]: [`Too long for the model ${modelId}.`] });
  }
}

/**
 * The body is neither JSON nor a whole form, is not in its declared charset, or has a key that could pollute
 * a prototype.
 */
export class ParseError extends AppError {
  readonly status = 400;
  readonly code = 'parse_error';
  constructor(reason: string, form: 'JSON' | 'Multipart form' = 'JSON') {
    super(`${form} parse error - ${reason}`);
  }
}

/** HTTP itself does not allow the request, for example because it has two Authorization headers. */
export class BadRequest extends AppError {
  readonly status = 400;
  readonly code = 'bad_request';
}

const CHALLENGE = { 'WWW-Authenticate': 'Token, Bearer realm="api"' };

/** The request has no usable Authorization header. */
export class NotAuthenticated extends AppError {
  readonly status = 401;
  readonly code = 'not_authenticated';
  override readonly headers = CHALLENGE;
  override readonly message = 'Authentication credentials were not provided.';
}

/** The credential of a `Token` header is not valid: it is malformed, unknown, expired or revoked. */
export class AuthenticationFailed extends AppError {
  readonly status = 401;
  readonly code = 'authentication_failed';
  override readonly headers = CHALLENGE;
}

/** The credential of a `Bearer` header is not valid. The sentences are SimpleJWT's. */
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

/** A `Bearer` credential is not an access token, or it is used up or forged. */
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

/** A credential in the body of a JWT route is not valid. The challenge is SimpleJWT's. */
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
 * The wallet cannot pay for the request, or the owner's daily limit or the key's limit is reached
 * (`Tokens-Limit`). The body is exact, because clients of the reference compare all of it.
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

/** The caller is known but may not do this. */
export class PermissionDenied extends AppError {
  readonly status = 403;
  readonly code = 'permission_denied';
  override readonly message = 'You do not have permission to perform this action.';
}

/** The API key is valid but does not have the scope that the route needs. The challenge is RFC 6750's. */
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

/** The route needs a login: API keys cannot manage an account. */
export class SessionRequired extends AppError {
  readonly status = 403;
  readonly code = 'session_required';
  override readonly message = 'An API key may not do this. Log in instead.';
}

/** The user stores as many bytes or conversations as allowed. Nothing was charged. */
export class StorageFull extends AppError {
  readonly status = 403;
  readonly code = 'storage_full';
  override readonly message =
    'Your storage is full. Delete conversations to make room. Nothing was charged.';
}

/** Only operators create users here, so registration is refused. */
export class RegistrationClosed extends AppError {
  readonly status = 403;
  readonly code = 'registration_closed';
  override readonly message = 'Registration is closed.';
}

/** The last operator cannot leave, because then new operators could be made only from a shell. */
export class LastStaffMember extends AppError {
  readonly status = 403;
  readonly code = 'last_staff_member';
  override readonly message = 'The last member of the staff cannot leave.';
}

/** There is no such route, or no such object for this caller. An object of another user is not found either. */
export class NotFound extends AppError {
  readonly status = 404;
  readonly code = 'not_found';
  constructor(detail = 'Not found.') {
    super(detail);
  }
}

/** There is no model with this name. This is what OpenAI's clients expect. */
export class ModelNotFound extends AppError {
  readonly status = 404;
  readonly code = 'model_not_found';
  constructor(name: string) {
    super(`The model "${name}" does not exist.`);
  }
}

/** The response to continue from does not exist, was not stored, or belongs to another user. */
export class PreviousResponseNotFound extends AppError {
  readonly status = 404;
  readonly code = 'previous_response_not_found';
  constructor(id: string) {
    super(`Previous response with id '${id}' not found.`);
  }
}

/** The path exists but not the method. `Allow` is set on every response of the path. */
export class MethodNotAllowed extends AppError {
  readonly status = 405;
  readonly code = 'method_not_allowed';
  constructor(method: string) {
    super(`Method "${method}" not allowed.`);
  }
}

/** The Accept header names no format that the API can write. */
export class NotAcceptable extends AppError {
  readonly status = 406;
  readonly code = 'not_acceptable';
  override readonly message = 'Could not satisfy the request Accept header.';
}

/** The Idempotency-Key is neither a bare word nor a quoted string of 1 to 255 characters. */
export class IdempotencyKeyMalformed extends AppError {
  readonly status = 400;
  readonly code = 'idempotency_key_malformed';
  override readonly message =
    'Idempotency-Key must be 1 to 255 printable ASCII characters, bare or quoted.';
}

/**
 * The route does not use idempotency keys. It refuses the key, because a client that relies on it would do
 * the same twice.
 */
export class IdempotencyKeyNotAccepted extends AppError {
  readonly status = 400;
  readonly code = 'idempotency_key_not_taken';
  override readonly message =
    'This route takes no Idempotency-Key header. Send the request without it.';
}

/** A route that credits money requires a key, so that an operator's retry does not credit twice. */
export class IdempotencyKeyRequired extends AppError {
  readonly status = 400;
  readonly code = 'idempotency_key_required';
  override readonly message = 'This request needs an Idempotency-Key header.';
}

/** Returns headers about an answer in progress. The client can wait for it, or stop it by its turn. */
const runningAnswerHeaders = (turnId: string | undefined) => ({
  'Retry-After': '1',
  ...(turnId !== undefined && { 'Turn-Id': turnId }),
});

/** The first request with this key is not finished. A later retry gets its answer replayed. */
export class IdempotencyKeyInUse extends AppError {
  readonly status = 409;
  readonly code = 'idempotency_key_in_use';
  override readonly headers: Readonly<Record<string, string>>;
  override readonly message = 'A request with this Idempotency-Key is still running.';
  /** `turnId` is the turn that the answer will be saved as, if it is known. */
  constructor(readonly turnId?: string) {
    super();
    this.headers = runningAnswerHeaders(turnId);
  }
}

/** The key was used with another body. A retry must repeat the request unchanged. */
export class IdempotencyKeyReused extends AppError {
  readonly status = 422;
  readonly code = 'idempotency_key_reused';
  override readonly message = 'This Idempotency-Key was used with another request.';
}

/** The request did not arrive completely within `REQUEST_TIMEOUT_SECONDS`. */
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

/** The body is compressed, and no route decompresses it. */
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

/** The request's headers are larger than the server accepts. */
export class HeadersTooLarge extends AppError {
  readonly status = 431;
  readonly code = 'headers_too_large';
  override readonly message = 'The request headers are too large.';
}

/** The conversation has an answer in progress. Only one at a time is allowed, so that each has the full context. */
export class ConversationBusy extends AppError {
  readonly status = 409;
  readonly code = 'conversation_busy';
  override readonly headers: Readonly<Record<string, string>>;
  override readonly message = 'This conversation is being answered.';
  /** `turnId` is the turn that the answer will be saved as. */
  constructor(turnId?: string) {
    super();
    this.headers = runningAnswerHeaders(turnId);
  }
}

/**
 * What happened at a provider, for the operator's log. It is never sent to a caller and never contains the
 * provider's text.
 */
export interface ProviderReport {
  readonly provider: string;
  /** The provider's name for the model. */
  readonly model: string;
  readonly reason: string;
  /** The provider's status and its own error code, if it answered. */
  readonly upstreamStatus?: number | undefined;
  readonly upstreamCode?: string | undefined;
  /** The system's error code if the provider could not be reached, for example ECONNREFUSED. */
  readonly connectionCode?: string | undefined;
  /** Time from the request to the failure. */
  readonly tookMs: number;
}

/**
 * A fault of the provider. It is logged as one line with the report and no stack, because this service made
 * no error.
 */
export abstract class ProviderError extends AppError {
  readonly report: ProviderReport | undefined;
  constructor(detail: string, { report, ...options }: ErrorOptions & { report?: ProviderReport }) {
    super(detail, options);
    this.report = report;
  }
}

/** The model's provider failed, broke off, or sent an invalid response. Nothing was charged. */
export class ProviderFailed extends ProviderError {
  readonly status = 502;
  readonly code = 'provider_failed';
  constructor(options: ErrorOptions & { report?: ProviderReport } = {}) {
    super('The model did not answer. Nothing was charged.', options);
  }
}

/**
 * The provider answered 400 where others answer 401, 402 or 404: for a key, an account or a model's name,
 * which the operator must correct. A caller gets the response of `ProviderFailed`.
 */
export class ProviderRejectedSetup extends ProviderFailed {
  /** `providerText` is the provider's text, for the operator who checks the models. */
  constructor(
    readonly providerText: string,
    options: { report?: ProviderReport } = {},
  ) {
    super(options);
  }
}

/** The provider, or this service's queue or memory for its calls, has no capacity now. Nothing was charged. */
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

/**
 * The answers in this service's memory leave no room for this one. Another address is not asked, because its answer
 * would have no room either, and the provider may charge for each.
 */
export class AnswerMemoryFull extends ProviderBusy {}

/** The provider found a fault in the caller's own request, and names it. Nothing was charged. */
export class ProviderRefused extends ProviderError {
  readonly status = 400;
  readonly code: 'provider_refused' | 'context_length_exceeded';
  constructor(detail: string, options: { report?: ProviderReport; isTooLong?: boolean } = {}) {
    const { isTooLong, ...rest } = options;
    super(detail, rest);
    this.code = isTooLong ? 'context_length_exceeded' : 'provider_refused';
  }
}

/** The request is larger than the model's provider accepts. Nothing was charged. */
export class ProviderBodyTooLarge extends ProviderError {
  readonly status = 413;
  readonly code = 'provider_body_too_large';
  constructor(detail: string, options: { report?: ProviderReport } = {}) {
    super(detail, options);
  }
}

/** The answer took longer than `ANSWER_TIMEOUT_SECONDS`, and nothing was passed on. Nothing was charged. */
export class ProviderTimedOut extends ProviderError {
  readonly status = 504;
  readonly code = 'provider_timed_out';
  constructor(options: { report?: ProviderReport } = {}) {
    super('The model took too long. Nothing was charged.', options);
  }
}

/** The caller read so slowly that the time was up. What was produced is charged. Occurs only in a stream. */
export class AnswerNotRead extends AppError {
  readonly status = 408;
  readonly code = 'answer_not_read';
  constructor() {
    super('The answer was not read in time. What was produced is charged.');
  }
}

/** The caller sent too many requests. The sentence is Django REST framework's. */
export class Throttled extends AppError {
  readonly status = 429;
  readonly code = 'throttled';
  override readonly headers: Readonly<Record<string, string>>;
  constructor(waitSeconds: number) {
    const seconds = waitSeconds === 1 ? 'second' : 'seconds';
    const { stackTraceLimit } = Error;
    // Thousands of requests may be refused, and no reader needs their stacks. A stack would cost more than
    // the rest of a refusal.
    Error.stackTraceLimit = 0;
    super(`Request was throttled. Expected available in ${String(waitSeconds)} ${seconds}.`);
    Error.stackTraceLimit = stackTraceLimit;
    this.headers = { 'Retry-After': String(waitSeconds) };
  }
}

/** An unexpected error. The log has the details under the request id; the response never has them. */
export class ServerError extends AppError {
  readonly status = 500;
  readonly code = 'error';
  override readonly message = 'A server error occurred.';
}

/**
 * Too much is waiting, or the process is stopping. The client can retry, here or at another process.
 */
export abstract class Unavailable extends AppError {
  readonly status = 503;
  readonly code = 'unavailable';
  override readonly headers: Readonly<Record<string, string>>;
  constructor(detail: string, retryAfterSeconds: number) {
    super(detail);
    this.headers = { 'Retry-After': String(retryAfterSeconds) };
  }
}

/** The process is stopping. Another process may accept the request. */
export class ServiceStopping extends Unavailable {
  constructor() {
    super('The service is stopping.', 1);
  }
}

/** `REQUESTS_MAX` requests are in progress. */
export class TooManyOpenRequests extends Unavailable {
  constructor() {
    super('Too many requests are under way.', 1);
  }
}

/** A queue of the database is full. */
export class QueueFull extends Unavailable {
  constructor() {
    super('Too many requests are waiting.', 1);
  }
}

/** `HASH_QUEUE_MAX` passwords wait to be hashed. */
export class TooManyLogins extends Unavailable {
  constructor() {
    const { stackTraceLimit } = Error;
    // As for `Throttled`, there may be thousands.
    Error.stackTraceLimit = 0;
    super('Too many logins are waiting.', 1);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The counters of the rate limits fail. A login that is not counted would let an attacker guess passwords. */
export class LoginsNotCounted extends Unavailable {
  constructor() {
    super('Logins cannot be counted at the moment.', 1);
  }
}

/** The database is unavailable for now, and a retry may succeed. The outage is logged once, not at every request. */
export abstract class DatabaseUnavailable extends Unavailable {
  /** The text of the database or its driver, for operators only. */
  reason = '';
}

/** No connection to the database became free in time, or another program has locked the database. */
export class DatabaseBusy extends DatabaseUnavailable {
  constructor() {
    super('The database is busy.', 1);
  }
}

/** The database does not answer: it is stopped, is starting, or cannot be reached. */
export class DatabaseNotAnswering extends DatabaseUnavailable {
  constructor() {
    super('The database does not answer.', 1);
  }
}

/** The database has no space left to write. */
export class DatabaseFull extends DatabaseUnavailable {
  constructor() {
    super('The database has no room.', 10);
  }
}

/** The hold expired before the answer was settled. */
export class AnswerExpired extends Unavailable {
  constructor() {
    super('The answer took too long. Nothing was charged.', 1);
  }
}
