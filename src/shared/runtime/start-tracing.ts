import { trace } from '@opentelemetry/api';
import type { Shutdown } from './shutdown.js';

/** Time limit for sending spans once, ms. It also limits how long an unavailable collector delays the end of the program. */
const EXPORT_TIMEOUT_MS = 5_000;

export interface TracingOptions {
  /** Base URL of an OTLP/HTTP collector. Without it, nothing is loaded or recorded. */
  readonly endpoint: string | undefined;
  /** Name of this program in traces. */
  readonly service: string;
  readonly shutdown: Shutdown;
}

/**
 * Sends spans to a collector in batches from now on. OpenTelemetry's own environment variables set sampling, headers and
 * batch sizes. An unavailable collector only loses spans.
 */
export async function startTracing({ endpoint, service, shutdown }: TracingOptions): Promise<void> {
  if (!endpoint) return;
  const [{ BasicTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  trace.setGlobalTracerProvider(provider);
  // It rejects if the collector does not accept the last spans, which is not a failure of the shutdown.
  shutdown.add('tracing', () => provider.shutdown().catch(() => undefined));
}
