import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { ErrorCode } from '../../shared/errors.js';
import type { Reason } from '../../shared/reasons.js';
import { errorFields, type Logger, levelOf } from '../../shared/runtime/logger.js';
import { traceIdOf } from '../../shared/runtime/tracing.js';
import type { AppContext } from '../http/app-context.js';
import { asVerificationError } from '../http/error-response.js';

/** Facts about an answered request. */
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

/** Status for a caller that hung up before the answer, as in nginx: the answer prepared for it says nothing. */
const CALLER_GONE = 499;

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
    const isGone = context.res.status >= 400 && context.req.raw.signal.aborted;
    const status = isGone ? CALLER_GONE : context.res.status;
    observe({ method: context.req.method, route, status, durationMs, tenant });
    const problem = isGone ? {} : problemFields(context);
    logger[isProbe(route) ? 'debug' : levelOf(problem.code)](
      {
        method: context.req.method,
        route,
        status,
        duration_ms: durationMs,
        tenant,
        request_id: context.get('requestId'),
        trace_id: traceIdOf(context.get('traceparent')),
        job_id: context.get('jobId'),
        batch_id: context.get('batchId'),
        ...problem,
      },
      'request',
    );
  };
}

interface ProblemFields {
  readonly code?: ErrorCode | undefined;
  readonly reason?: Reason | undefined;
}

function problemFields(context: Context<AppContext>): ProblemFields {
  return {
    code: context.get('code'),
    reason: context.get('reason'),
    ...(context.error ? errorFields(asVerificationError(context.error)) : {}),
  };
}
