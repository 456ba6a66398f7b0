import { HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  AppError,
  BadRequest,
  HeadersTooLarge,
  NotFound,
  PayloadTooLarge,
  ProviderError,
  ServerError,
  ServiceStopping,
  type ErrorAnswer,
} from '../errors.js';
import type { Principal } from '../principal.js';
import { isMisplacedOpenAiPath, isOpenAiPath, toOpenAi } from './openai-error.js';

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  return typeof error.statusCode === 'number' ? error.statusCode : 500;
}

/** Converts any error to one of the API's errors. The framework's own errors are translated. */
function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const cause = error instanceof HttpException ? error.cause : undefined;
  const code = codeOf(error) ?? codeOf(cause);
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new PayloadTooLarge();
  // A part of the path is longer than any id or name.
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return new NotFound();
  switch (statusOf(error)) {
    case 404:
      return new NotFound();
    case 413:
      return new PayloadTooLarge();
    case 431:
      return new HeadersTooLarge();
    case 503:
      return new ServiceStopping();
    default:
      return statusOf(error) < 500 ? new BadRequest('Malformed request.') : new ServerError();
  }
}

/** The error code of each refused request. */
const errorCodes = new WeakMap<FastifyReply, string>();

/** Returns the code of the error in this reply. Returns undefined if it is not an error. */
export const errorCodeOf = (reply: FastifyReply): string | undefined => errorCodes.get(reply);

/** Returns the response for an error, in the shape that the clients of the path expect. */
export function toErrorAnswer(request: FastifyRequest, error: unknown): ErrorAnswer {
  const known = toAppError(error);
  const isForOpenAi = isOpenAiPath(request.url) || isMisplacedOpenAiPath(request.url);
  return isForOpenAi ? toOpenAi(known.answer(), known.code) : known.answer();
}

/**
 * Logs an error that an operator should see, with `message`. A provider's failure is one line with
 * provider, model, status and time. An unexpected error is logged with its stack.
 */
export function logError(request: FastifyRequest, error: unknown, message: string): void {
  if (error instanceof ProviderError && error.cause === undefined) {
    const { status, code, report: upstream } = error;
    const line = { status, code, upstream };
    // A refused request is the caller's fault. A busy or slow provider is no fault.
    if (status === 502) request.log.error(line, message);
    else request.log.warn(line, message);
    return;
  }
  const isExpected = error instanceof AppError && error.cause === undefined;
  if (toAppError(error).status >= 500 && !isExpected) request.log.error({ err: error }, message);
}

/**
 * Refusals that are never delayed here: too little money, and a key whose first request still runs. The limits delay
 * a 429.
 */
const UNDELAYED_STATUSES = [402, 409, 429];

/** Checks whether an unknown caller is at fault: without valid credentials, or before they are read. */
const isFaultOfUnknownCaller = (
  { user }: FastifyRequest & { user?: Principal },
  status: number,
): boolean =>
  user === undefined && status >= 400 && status < 500 && !UNDELAYED_STATUSES.includes(status);

/**
 * Sends an error in the contract's shape. Details of unexpected errors, and of errors that the caller did not
 * cause, are only logged. Returns a promise if the error is sent late, to unknown callers that are refused again and again.
 */
export function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): Promise<void> | undefined {
  const { status, body, headers } = toErrorAnswer(request, error);
  logError(request, error, 'request failed');
  if (reply.sent) return undefined;
  errorCodes.set(reply, toAppError(error).code);
  const send = () => {
    if (!reply.sent) void reply.code(status).headers(headers).send(body);
  };
  const delay = isFaultOfUnknownCaller(request, status)
    ? request.server.delayRefusal(request)
    : undefined;
  if (delay) return delay.then(send);
  send();
  return undefined;
}
