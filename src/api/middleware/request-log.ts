import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { ErrorCode } from '../../shared/errors.js';
import { errorFields, type Logger, levelOf } from '../../shared/runtime/logger.js';
import { traceIdOf } from '../../shared/runtime/tracing.js';
import type { AppContext } from '../http/app-context.js';
import { asVerificationError } from '../http/error-response.js';

/** What is known about an answered request. */
export interface RequestFacts {
  readonly method: string;
  /** The pattern of the route, never the path itself. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
  /** Name of the API key, if known. */
  readonly tenant: string | undefined;
}

/** True for the route of a check by an orchestrator or a load balancer. */
export function isProbe(route: string): boolean {
  return route === '/health' || route.startsWith('/health/');
}

/** Logs one line for each request and passes its facts on to the metrics. Neither has paths, bodies or headers. */
export function requestLog(
  logger: Logger,
  observe: (facts: RequestFacts) => void,
): MiddlewareHandler<AppContext> {
  return async (context, next) => {
    const startedAt = performance.now();
    await next();
    const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
    const route = routePath(context, -1);
    const tenant: string | undefined = context.get('tenant');
    const facts = { method: context.req.method, route, status: context.res.status, durationMs, tenant };
    observe(facts);
    const code: ErrorCode | undefined = context.get('code');
    logger[isProbe(route) ? 'debug' : levelOf(code)](
      {
        method: facts.method,
        route,
        status: facts.status,
        duration_ms: durationMs,
        tenant,
        request_id: context.get('requestId'),
        trace_id: traceIdOf(context.get('traceparent')),
        job_id: context.get('jobId'),
        code,
        reason: context.get('reason'),
        ...(context.error ? errorFields(asVerificationError(context.error)) : {}),
      },
      'request',
    );
  };
}
