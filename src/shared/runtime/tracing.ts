import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

export type { Span };

/** W3C Trace Context: version, trace id, id of the span that asks, flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export interface SpanOptions {
  readonly kind?: 'server' | 'consumer';
  /** What the span is part of: a span of this process, or another process' as a traceparent. */
  readonly parent?: Span | string | undefined;
  /** Ids, codes and numbers only: spans leave for systems that nobody here knows. */
  readonly attributes?: Attributes;
}

/** Opens a span, which the caller ends. Costs next to nothing and records nothing until `startTracing` has run. */
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

/** Returns what makes another process' span part of this one's trace; undefined when there is no trace. */
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
