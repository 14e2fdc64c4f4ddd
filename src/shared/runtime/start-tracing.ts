import { trace } from '@opentelemetry/api';
import type { Shutdown } from './shutdown.js';

/** Time limit of one delivery of spans, ms: it also bounds how long a lost collector may delay the end of the program. */
const EXPORT_TIMEOUT_MS = 5_000;

export interface TracingOptions {
  /** Base URL of an OTLP/HTTP collector; without one nothing is loaded and nothing is recorded. */
  readonly endpoint: string | undefined;
  /** Name of this program in traces. */
  readonly service: string;
  readonly shutdown: Shutdown;
}

/**
 * Sends spans to a collector from now on, in batches. Sampling, headers and batch sizes are those of OpenTelemetry's own
 * environment variables. A collector that is away costs spans and nothing else.
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
  // It rejects where the collector does not take the last spans, and the program has ended well all the same.
  shutdown.add('tracing', () => provider.shutdown().catch(() => undefined));
}
