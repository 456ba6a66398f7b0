import type { FastifyRequest, RouteHandlerMethod } from 'fastify';
import { endFailed, isTracing, openServerSpan, runInContext, type OpenSpan } from '../tracing.js';

const spans = new WeakMap<FastifyRequest, OpenSpan>();

/**
 * Opens the span of a request if an SDK is loaded. The path is left out, because the route already identifies the
 * request.
 */
export function beginSpan(request: FastifyRequest): void {
  if (!isTracing) return;
  const { method, routeOptions, headers, id } = request;
  const route = routeOptions.url ?? 'none';
  const attributes = {
    'http.request.method': method,
    'http.route': route,
    'tallychat.request_id': id,
  };
  spans.set(request, openServerSpan(`${method} ${route}`, attributes, headers));
}

/** Makes the spans of the handler children of the request's span. */
export function inSpan(handler: RouteHandlerMethod): RouteHandlerMethod {
  if (!isTracing) return handler;
  return function (request, reply) {
    const open = spans.get(request);
    const answer = (): unknown => handler.call(this, request, reply);
    return open ? runInContext(open, answer) : answer();
  };
}

export function endSpan(
  request: FastifyRequest,
  status: number,
  refusal: string | undefined,
): void {
  const open = isTracing ? spans.get(request) : undefined;
  if (!open) return;
  open.span.setAttribute('http.response.status_code', status);
  if (status >= 500) {
    endFailed(open.span, refusal ?? String(status));
    return;
  }
  if (refusal !== undefined) open.span.setAttribute('error.type', refusal);
  open.span.end();
}
