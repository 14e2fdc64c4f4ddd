import { Hono } from 'hono';
import { wholeNumber } from '../../shared/config/number-text.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { FailedPage } from '../../shared/webhooks/failed-webhooks.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';
import type { AppContext } from '../http/app-context.js';
import { RequestError } from '../http/request-error.js';
import { withQueue } from '../jobs/with-queue.js';

const DEFAULT_PAGE = 50;
const MAX_PAGE = 100;

export interface WebhookDependencies {
  readonly redis: RedisConnection;
  readonly webhooks: WebhookQueue;
}

const limitSchema = wholeNumber(1, MAX_PAGE).default(DEFAULT_PAGE);

/**
 * `GET /webhooks/failed?limit=&cursor=` lists deliveries that were given up, `POST /webhooks/:id/retry` tries one
 * again. For operators only: whoever mounts them puts an admin's authentication in front.
 */
export function createWebhookRoutes(deps: WebhookDependencies): Hono<AppContext> {
  return new Hono<AppContext>()
    .get('/webhooks/failed', async (context) => {
      const page = readPage(context.req.query('limit'), context.req.query('cursor'));
      return context.json(await withQueue(deps.redis, () => deps.webhooks.listFailed(page)));
    })
    .post('/webhooks/:id/retry', async (context) => {
      const id = context.req.param('id');
      const retried = await withQueue(deps.redis, () => deps.webhooks.retry(id));
      context.set('jobId', retried.job_id);
      return context.json(retried, 202);
    });
}

/** @throws RequestError `invalid_request` when the limit is no whole number of 1..100. */
function readPage(limit: string | undefined, cursor: string | undefined): FailedPage {
  const parsed = limitSchema.safeParse(limit);
  if (parsed.success) return { limit: parsed.data, cursor };
  const detail = `must be a whole number from 1 to ${MAX_PAGE}`;
  throw new RequestError([{ field: 'limit', code: 'invalid_request', detail }]);
}
