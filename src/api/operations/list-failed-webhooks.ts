import { wholeNumber } from '../../shared/config/number-text.js';
import { failedWebhooksSchema } from '../../shared/contract/webhook-body.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { FailedPage } from '../../shared/webhooks/failed-webhooks.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';
import { RequestError } from '../http/request-error.js';
import { withQueue } from '../jobs/with-queue.js';
import type { Parameter } from '../openapi/components.js';
import { defineOperation } from './define-operation.js';

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
  schema: { type: 'string' },
};

export const listFailedWebhooksOperation = defineOperation<OperatorDependencies>({
  method: 'get',
  path: '/webhooks/failed',
  id: 'listFailedWebhooks',
  tag: 'Operators',
  summary: 'List webhooks that could not be delivered',
  access: 'operator',
  parameters: [LIMIT, CURSOR],
  answers: { 200: { description: 'One page of them, newest first.', schema: failedWebhooksSchema } },
  errors: ['invalid_request', 'queue_unavailable', 'internal'],
  createHandler: (deps) => async (context) => {
    const page = readPage(context.req.query('limit'), context.req.query('cursor'));
    return context.json(await withQueue(deps.redis, () => deps.webhooks.listFailed(page)));
  },
});

/** @throws RequestError `invalid_request` if the limit is not a whole number from 1 to 100. */
function readPage(limit: string | undefined, cursor: string | undefined): FailedPage {
  const parsed = limitSchema.safeParse(limit);
  if (parsed.success) return { limit: parsed.data, cursor };
  const detail = `must be a whole number from 1 to ${MAX_LIMIT}`;
  throw new RequestError([{ field: 'limit', code: 'invalid_request', detail }]);
}
