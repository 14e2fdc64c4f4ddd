import { Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import type { ApiKey } from '../shared/config/api-keys.js';
import { VerificationError } from '../shared/errors.js';
import type { Logger } from '../shared/runtime/logger.js';
import type { AppContext } from './http/app-context.js';
import { errorResponse } from './http/error-response.js';
import { authenticate, authenticateAdmin } from './middleware/authenticate.js';
import { type RateLimiter, rateLimit } from './middleware/rate-limit.js';
import { type RequestFacts, requestLog } from './middleware/request-log.js';
import { traceRequests } from './middleware/trace-requests.js';
import { createCompareFacesRoute } from './operations/compare-faces.js';
import { createHealthRoutes, type HealthDependencies } from './operations/health.js';
import { createJobsRoutes, type JobsDependencies } from './operations/jobs.js';
import { createModelsRoute, type ModelsDependencies } from './operations/models.js';
import { createUsersRoute, type UsersDependencies } from './operations/users.js';

export interface AppDependencies
  extends JobsDependencies,
    HealthDependencies,
    ModelsDependencies,
    UsersDependencies {
  readonly logger: Logger;
  readonly apiKeys: readonly ApiKey[];
  readonly adminKeys: readonly ApiKey[];
  /** Absent: nobody is limited. */
  readonly rateLimiter: RateLimiter | undefined;
  readonly corsOrigins: readonly string[];
  readonly maxBodyBytes: number;
  readonly observeRequest: (facts: RequestFacts) => void;
  /** Routes for operators, behind the admin keys. */
  readonly adminRoutes: Hono<AppContext>;
  /** Demo page, reference and OpenAPI document. */
  readonly pages: Hono<AppContext>;
}

/** Returns the whole HTTP surface without a socket: `app.request()` answers as the server would. */
export function createApp(deps: AppDependencies): Hono<AppContext> {
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
  app.use(
    bodyLimit({
      maxSize: deps.maxBodyBytes,
      onError: (context) => errorResponse(context, new VerificationError('body_too_large')),
    }),
  );
  app.onError((error, context) => errorResponse(context, error));
  app.notFound((context) => errorResponse(context, new VerificationError('not_found')));

  app.route('/', createHealthRoutes(deps));
  app.route('/', deps.pages);

  app.use('/webhooks/*', authenticateAdmin({ accepted: deps.adminKeys, others: deps.apiKeys }));
  app.route('/', deps.adminRoutes);

  // `/jobs/*` takes in `/jobs` itself; named twice, it would count twice against the rate limit.
  for (const path of ['/compare-faces', '/jobs/*', '/models', '/users/*']) {
    app.use(path, noStore);
    app.use(path, authenticate({ accepted: deps.apiKeys, others: deps.adminKeys }));
    if (deps.rateLimiter) app.use(path, rateLimit(deps.rateLimiter));
  }
  app.route('/', createCompareFacesRoute(deps));
  app.route('/', createJobsRoutes(deps));
  app.route('/', createModelsRoute(deps));
  app.route('/', createUsersRoute(deps));
  return app;
}

/** Answers about people stay out of every cache on their way. */
const noStore: MiddlewareHandler<AppContext> = async (context, next) => {
  context.header('cache-control', 'no-store');
  await next();
};

/** A connection kept open would be cut when listening ends, maybe with a request on its way. */
function closeWhileDraining(isDraining: () => boolean): MiddlewareHandler {
  return async (context, next) => {
    await next();
    if (isDraining()) context.header('connection', 'close');
  };
}
