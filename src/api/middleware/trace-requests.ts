import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { openSpan, traceparentOf } from '../../shared/runtime/tracing.js';
import type { AppContext } from '../http/app-context.js';

/** Paths that monitoring requests every few seconds. */
const UNTRACED = /^\/(health|metrics)/;

/**
 * Opens a span for each request, below the span of the caller if it names one. Sets `traceparent`, which makes the job of
 * the request part of the trace. The span has no paths, bodies or callers.
 */
export const traceRequests: MiddlewareHandler<AppContext> = async (context, next) => {
  if (UNTRACED.test(context.req.path)) return next();
  const { method } = context.req;
  const span = openSpan(method, { kind: 'server', parent: context.req.header('traceparent') });
  const traceparent = traceparentOf(span);
  if (traceparent) context.set('traceparent', traceparent);
  await next();
  const route = routePath(context, -1);
  span.updateName(`${method} ${route}`);
  span.setAttributes({
    'http.request.method': method,
    'http.route': route,
    'http.response.status_code': context.res.status,
    'face.request_id': context.get('requestId'),
  });
  const jobId: string | undefined = context.get('jobId');
  const code: string | undefined = context.get('code');
  const reason: string | undefined = context.get('reason');
  if (jobId) span.setAttribute('face.job_id', jobId);
  if (code) span.setAttribute('face.code', code);
  if (reason) span.setAttribute('face.reason', reason);
  span.end();
};
