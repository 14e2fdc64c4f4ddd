import { Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { VerificationError } from '../shared/errors.js';
import type { Logger } from '../shared/runtime/logger.js';
import type { AppContext } from './http/app-context.js';
import { errorResponse } from './http/error-response.js';
import {
  authenticate,
  authenticateAdmin,
  authenticateAny,
  type ReadAccess,
} from './middleware/authenticate.js';
import { type RateLimiter, rateLimit } from './middleware/rate-limit.js';
import { type RequestFacts, requestLog } from './middleware/request-log.js';
import { traceRequests } from './middleware/trace-requests.js';
import type { Access, Operation } from './operations/define-operation.js';
import { OPERATIONS, type OperationDependencies } from './operations.js';
import { createPageFiles } from './pages/page-files.js';

export interface AppDependencies extends Omit<OperationDependencies, 'operations'> {
  readonly logger: Logger;
  readonly access: ReadAccess;
  readonly rateLimiter: RateLimiter;
  readonly corsOrigins: readonly string[];
  readonly observeRequest: (facts: RequestFacts) => void;
  /** The pages for operators; without keys for operators there are none. */
  readonly adminPages?: Hono<AppContext> | undefined;
}

/** Returns the whole HTTP surface without a socket: `app.request()` answers as the server would. */
export function createApp(
  deps: AppDependencies,
  operations: readonly Operation<OperationDependencies>[] = OPERATIONS,
): Hono<AppContext> {
  const app = new Hono<AppContext>();
  app.use(requestId({ limitLength: 128 }));
  app.use(traceRequests);
  app.use(requestLog(deps.logger, deps.observeRequest));
  app.use(secureHeaders());
  app.use(closeWhileDraining(deps.isDraining));
  if (deps.corsOrigins.length > 0) app.use(cors({ origin: [...deps.corsOrigins] }));
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (context, methods) => {
        context.header('allow', methods.join(', '));
        return errorResponse(context, new VerificationError('method_not_allowed'));
      },
    }),
  );
  app.onError((error, context) => errorResponse(context, error));
  app.notFound((context) => errorResponse(context, new VerificationError('not_found')));

  for (const [root, access] of accessByRoot(operations))
    for (const guard of guardsOf(access, deps)) app.use(`${root}/*`, guard);
  const limitBody = bodyLimit({
    maxSize: deps.uploadLimits.maxJsonBytes,
    onError: (context) => errorResponse(context, new VerificationError('body_too_large')),
  });
  for (const { method, path, limitsBody, createHandler } of operations) {
    const route = path.replace(/\{(\w+)\}/g, ':$1');
    if (!limitsBody) app.use(route, limitBody);
    app[method](route, createHandler({ ...deps, operations }));
  }
  app.route('/', createPageFiles());
  if (deps.adminPages) app.route('/', deps.adminPages);
  return app;
}

/**
 * Returns the access of everything below the first segment of each path, so that methods and paths that do not exist are
 * as closed as their neighbours.
 * @throws Error if two operations below one first segment differ in their access.
 */
function accessByRoot(operations: readonly Operation[]): ReadonlyMap<string, Access> {
  const roots = new Map<string, Access>();
  for (const { path, access } of operations) {
    const root = `/${path.split('/')[1]}`;
    if ((roots.get(root) ?? access) !== access)
      throw new Error(`this is a bug: the operations below ${root} differ in their access`);
    roots.set(root, access);
  }
  return roots;
}

/** Returns the middleware in front of operations with this access, in the order in which it runs. */
function guardsOf(access: Access, deps: AppDependencies): readonly MiddlewareHandler<AppContext>[] {
  const { access: readAccess, rateLimiter } = deps;
  switch (access) {
    case 'open':
      return [];
    case 'operator':
      return [noStore, authenticateAdmin(readAccess)];
    case 'caller':
      return [noStore, authenticate(readAccess), rateLimit(rateLimiter)];
    case 'both':
      return [noStore, authenticateAny(readAccess), rateLimit(rateLimiter)];
  }
}

/** Keeps answers about people out of every cache on their way. */
const noStore: MiddlewareHandler<AppContext> = async (context, next) => {
  context.header('cache-control', 'no-store');
  await next();
};

/** A connection that stays open is cut when listening ends, possibly with a request on its way. */
function closeWhileDraining(isDraining: () => boolean): MiddlewareHandler {
  return async (context, next) => {
    await next();
    if (isDraining()) context.header('connection', 'close');
  };
}
