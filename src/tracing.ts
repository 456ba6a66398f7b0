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

/** The API's stand-in, which has a delegate once an SDK is there. */
interface LateProvider {
  getDelegateTracer?(name: string): unknown;
}

/** Whether an operator has loaded an SDK, with `node --import`, before the service. Without one no span is made. */
export const isTracing =
  (trace.getTracerProvider() as LateProvider).getDelegateTracer?.(NAME) !== undefined;

const tracer = trace.getTracer(NAME);

/** A span that is open, and the context in which its children begin. */
export interface OpenSpan {
  readonly span: Span;
  readonly context: Context;
}

/** Opens a span of a call that somebody else makes to us, as part of the trace that its headers name. */
export function openServerSpan(
  name: string,
  attributes: Attributes,
  headers: Readonly<Record<string, unknown>>,
): OpenSpan {
  const parent = propagation.extract(ROOT_CONTEXT, headers);
  const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
  return { span, context: trace.setSpan(parent, span) };
}

/** Opens a span of a call that we make to somebody else, or of work of our own. */
export function openSpan(name: string, attributes: Attributes, kind = SpanKind.CLIENT): Span {
  return tracer.startSpan(name, { kind, attributes });
}

/** Ends a span that failed. `type` is a code or the name of an error's class: a message may hold people's words. */
export function endFailed(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** Does work in the context of an open span. */
export const within = <T>({ context: parent }: OpenSpan, work: () => T): T =>
  context.with(parent, work);

/** Does work in a span of its own; without an SDK it does the work alone. */
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
