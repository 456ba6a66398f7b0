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
import { isOpenAiPath, toOpenAi } from './openai-error.js';

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  return typeof error.statusCode === 'number' ? error.statusCode : 500;
}

/** What went wrong, as one of the errors that the API speaks; the framework's own are translated. */
function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const cause = error instanceof HttpException ? error.cause : undefined;
  const code = codeOf(error) ?? codeOf(cause);
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new PayloadTooLarge();
  // A part of the path that is longer than any id or name.
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

/** The code of the error that each refused request was answered with. */
const refusals = new WeakMap<FastifyReply, string>();

/** The code of the error that this reply tells; undefined where it is none. */
export const refusalOf = (reply: FastifyReply): string | undefined => refusals.get(reply);

/** What an error answers with, in the shape that the clients of the path know. */
export function answerTo(request: FastifyRequest, error: unknown): ErrorAnswer {
  const known = toAppError(error);
  return isOpenAiPath(request.url) ? toOpenAi(known.answer(), known.code) : known.answer();
}

/**
 * Logs what an operator should know of an error, under the words of `what`. A provider's doing is one line that
 * names provider, model, status and time; a stack is for what nobody foresaw.
 */
export function logError(request: FastifyRequest, error: unknown, what: string): void {
  if (error instanceof ProviderError && error.cause === undefined) {
    const { status, code, report: upstream } = error;
    const line = { status, code, upstream };
    // A refused request is the caller's fault, and a busy provider nobody's.
    if (status === 502) request.log.error(line, what);
    else request.log.warn(line, what);
    return;
  }
  const isForeseen = error instanceof AppError && error.cause === undefined;
  if (toAppError(error).status >= 500 && !isForeseen) request.log.error({ err: error }, what);
}

/**
 * Answers with an error in the contract's shape. What nobody foresaw, or was caused by something else than
 * the caller, goes to the log and not to the caller.
 */
export function sendError(request: FastifyRequest, reply: FastifyReply, error: unknown): void {
  const { status, body, headers } = answerTo(request, error);
  logError(request, error, 'request failed');
  if (reply.sent) return;
  refusals.set(reply, toAppError(error).code);
  void reply.code(status).headers(headers).send(body);
}
