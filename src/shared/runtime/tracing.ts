import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

export type { Span };

/** W3C Trace Context: version, trace id, id of the parent span, flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export interface SpanOptions {
  readonly kind?: 'server' | 'consumer';
  /** The parent: a span of this process, or the traceparent of another process. */
  readonly parent?: Span | string | undefined;
  /** Only ids, codes and numbers, because spans are sent to other systems. */
  readonly attributes?: Attributes;
}

/** Opens a span, which the caller ends. Records nothing, at almost no cost, until `startTracing` has run. */
export function openSpan(name: string, { kind, parent, attributes = {} }: SpanOptions): Span {
  const spanContext = typeof parent === 'string' ? readTraceparent(parent) : parent?.spanContext();
  const context = spanContext ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : ROOT_CONTEXT;
  const spanKind = kind === 'server' ? SpanKind.SERVER : kind === 'consumer' ? SpanKind.CONSUMER : undefined;
  const options = { attributes, ...(spanKind === undefined ? {} : { kind: spanKind }) };
  return trace.getTracer('face-verification').startSpan(name, options, context);
}

/**
 * Runs `work` within a span of its own. A rejection marks the span as failed, without the error's text, unless the work
 * was given up because nobody needs its result (AbortError).
 */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const span = openSpan(name, options);
  try {
    return await work(span);
  } catch (error) {
    if ((error as Error | undefined)?.name !== 'AbortError') span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/** Returns the traceparent that makes spans of other processes children of this span; undefined without a trace. */
export function traceparentOf(span: Span): string | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  const text = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  return readTraceparent(text) ? text : undefined;
}

/** Returns the trace id of a traceparent, for log lines. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent?.split('-')[1];
}

function readTraceparent(text: string) {
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(text) ?? [];
  const spanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return trace.isSpanContextValid(spanContext) ? spanContext : undefined;
}
