import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import type { ApiKey } from '../shared/api-keys.js';
import { VerificationError } from '../shared/errors.js';
import type { Logger } from '../shared/logger.js';
import type { AppContext } from './app-context.js';
import { errorResponse } from './error-response.js';
import { authenticate, authenticateAdmin } from './middleware/authenticate.js';
import { type RequestFacts, requestLog } from './middleware/request-log.js';
import { createCompareFacesRoute } from './routes/compare-faces.js';
import { createHealthRoutes, type HealthDependencies } from './routes/health.js';
import { createJobsRoutes, type JobsDependencies } from './routes/jobs.js';
import { createModelsRoute, type ModelsDependencies } from './routes/models.js';

export interface AppDependencies extends JobsDependencies, HealthDependencies, ModelsDependencies {
  readonly logger: Logger;
  readonly apiKeys: readonly ApiKey[];
  readonly adminKeys: readonly ApiKey[];
  readonly maxBodyBytes: number;
  readonly observeRequest: (facts: RequestFacts) => void;
  readonly renderMetrics: () => Promise<string>;
  /** Routes for operators, behind the admin keys. */
  readonly adminRoutes: Hono<AppContext>;
  /** Demo page, reference and OpenAPI document. */
  readonly pages: Hono<AppContext>;
}

/** Returns the whole HTTP surface without a socket: `app.request()` answers as the server would. */
export function createApp(deps: AppDependencies): Hono<AppContext> {
  const app = new Hono<AppContext>();
  app.use(requestId({ limitLength: 128 }));
  app.use(requestLog(deps.logger, deps.observeRequest));
  app.use(secureHeaders());
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
  app.get('/metrics', async (context) => context.text(await deps.renderMetrics()));

  app.use('/webhooks/*', authenticateAdmin(deps.adminKeys));
  app.route('/', deps.adminRoutes);

  for (const path of ['/compare-faces', '/jobs', '/jobs/*', '/models'])
    app.use(path, authenticate(deps.apiKeys));
  app.route('/', createCompareFacesRoute(deps));
  app.route('/', createJobsRoutes(deps));
  app.route('/', createModelsRoute(deps));
  return app;
}
