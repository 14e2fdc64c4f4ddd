import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { vi } from 'vitest';
import { z } from 'zod';
import { closeServer, listen } from './listen.js';

const valueSchema = z.looseObject({ stringValue: z.string().optional(), intValue: z.number().optional() });
const spanSchema = z.looseObject({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  attributes: z.array(z.object({ key: z.string(), value: valueSchema })),
});
const exportSchema = z.object({
  resourceSpans: z.array(
    z.looseObject({ scopeSpans: z.array(z.looseObject({ spans: z.array(spanSchema) })) }),
  ),
});
export type CollectedSpan = z.infer<typeof spanSchema>;

/** An OTLP/HTTP collector on loopback. */
export interface TraceCollector {
  readonly origin: string;
  /** Everything received, as text, to check what it must not contain. */
  text(): string;
  /** Resolves with all spans once one is called `name`. */
  waitFor(name: string): Promise<readonly CollectedSpan[]>;
  stop(): Promise<void>;
}

export async function startTraceCollector(): Promise<TraceCollector> {
  const bodies: unknown[] = [];
  const server = createServer(async (request, response) => {
    const isTraces = request.method === 'POST' && request.url === '/v1/traces';
    if (isTraces) bodies.push(await json(request));
    response.writeHead(isTraces ? 200 : 404, { 'content-type': 'application/json' }).end('{}');
  });
  const port = await listen(server);
  const spans = (): CollectedSpan[] =>
    bodies.flatMap((body) =>
      exportSchema
        .parse(body)
        .resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
    );
  return {
    origin: `http://127.0.0.1:${port}`,
    text: () => JSON.stringify(bodies),
    waitFor: async (name) => {
      await vi.waitFor(() => {
        if (!spans().some((span) => span.name === name))
          throw new Error(`no span ${name}: ${spans().length}`);
      }, 60_000);
      return spans();
    },
    stop: () => closeServer(server),
  };
}
