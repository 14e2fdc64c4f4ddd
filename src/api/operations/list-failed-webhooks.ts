import { wholeNumber } from '../../shared/config/number-text.js';
import { failedWebhooksSchema } from '../../shared/contract/webhook-body.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import { CURSOR_PATTERN, type FailedPage } from '../../shared/webhooks/failed-webhooks.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';
import { RequestError } from '../http/request-error.js';
import { withQueue } from '../jobs/with-queue.js';
import type { Parameter } from '../openapi/components.js';
import { defineOperation, linkTo } from './define-operation.js';

export interface OperatorDependencies {
  readonly redis: RedisConnection;
  readonly webhooks: WebhookQueue;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100;

const limitSchema = wholeNumber(1, MAX_LIMIT).default(DEFAULT_LIMIT);

const LIMIT: Parameter = {
  id: 'Limit',
  name: 'limit',
  in: 'query',
  description: 'Number of webhooks on a page.',
  schema: { type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT },
};
const CURSOR: Parameter = {
  id: 'Cursor',
  name: 'cursor',
  in: 'query',
  description: 'The next_cursor of the previous page.',
  schema: { type: 'string', pattern: CURSOR_PATTERN.source },
};

export const listFailedWebhooksOperation = defineOperation<OperatorDependencies>({
  method: 'get',
  path: '/webhooks/failed',
  id: 'listFailedWebhooks',
  tag: 'Operators',
  summary: 'List webhooks that could not be delivered',
  description: 'Newest first, of all API keys. Follow `next_cursor` until it is absent.',
  access: 'operator',
  parameters: [LIMIT, CURSOR],
  answers: {
    200: {
      description: 'One page of them, newest first.',
      schema: failedWebhooksSchema,
      links: {
        retryNewest: linkTo('retryWebhook', '/items/0/id', 'Delivers the newest one again.'),
      },
    },
  },
  errors: ['invalid_request', 'queue_unavailable', 'internal'],
  createHandler: (deps) => async (context) => {
    const page = readPage(context.req.query('limit'), context.req.query('cursor'));
    return context.json(await withQueue(deps.redis, () => deps.webhooks.listFailed(page)));
  },
});

/** @throws RequestError `invalid_request` that names every wrong parameter. */
function readPage(limit: string | undefined, cursor: string | undefined): FailedPage {
  const parsed = limitSchema.safeParse(limit);
  const wrong: (readonly [field: string, detail: string])[] = [];
  if (!parsed.success) wrong.push(['limit', `must be a whole number from 1 to ${MAX_LIMIT}`]);
  if (cursor !== undefined && !CURSOR_PATTERN.test(cursor))
    wrong.push(['cursor', 'must be the next_cursor of a previous page']);
  if (wrong.length === 0 && parsed.success) return { limit: parsed.data, cursor };
  throw new RequestError(wrong.map(([field, detail]) => ({ field, code: 'invalid_request', detail })));
}
