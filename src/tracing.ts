import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  context,
  propagation,
  trace,
  type Attributes,
  type Context,
  type Span,
} from '@opentelemetry/api';

const NAME = 'tallychat';

/** The tracer provider of the OpenTelemetry API, which gets a delegate when an SDK is loaded. */
interface DelegatingProvider {
  getDelegateTracer?(name: string): unknown;
}

/**
 * Whether an operator has loaded an SDK before the service, with `node --import`. Without an SDK, no spans
 * are made.
 */
export const isTracing =
  (trace.getTracerProvider() as DelegatingProvider).getDelegateTracer?.(NAME) !== undefined;

const tracer = trace.getTracer(NAME);

/** An open span, and the context for its children. */
export interface OpenSpan {
  readonly span: Span;
  readonly context: Context;
}

/** Opens a span for an incoming call, as part of the trace that its headers name. */
export function openServerSpan(
  name: string,
  attributes: Attributes,
  headers: Readonly<Record<string, unknown>>,
): OpenSpan {
  const parent = propagation.extract(ROOT_CONTEXT, headers);
  const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
  return { span, context: trace.setSpan(parent, span) };
}

/** Opens a span for an outgoing call, or for internal work. */
export function openSpan(name: string, attributes: Attributes, kind = SpanKind.CLIENT): Span {
  return tracer.startSpan(name, { kind, attributes });
}

/**
 * Ends a span that failed. `type` is a code or the name of an error's class, because a message may contain
 * users' text.
 */
export function endFailed(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** Runs `work` in the context of an open span. */
export const runInContext = <T>({ context: parent }: OpenSpan, work: () => T): T =>
  context.with(parent, work);

/** Runs `work` in a new span, or without a span if no SDK is loaded. */
export function traced<T>(
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
): Promise<T> {
  return isTracing ? inSpan(name, attributes, work) : work();
}

async function inSpan<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  const span = openSpan(name, attributes, SpanKind.INTERNAL);
  try {
    const value = await context.with(trace.setSpan(context.active(), span), work);
    span.end();
    return value;
  } catch (error) {
    endFailed(span, error instanceof Error ? error.constructor.name : typeof error);
    throw error;
  }
}
