import { webhookRetrySchema } from '../../shared/contract/webhook-body.js';
import { withQueue } from '../jobs/with-queue.js';
import type { Parameter } from '../openapi/components.js';
import { defineOperation } from './define-operation.js';
import type { OperatorDependencies } from './list-failed-webhooks.js';

const WEBHOOK_ID: Parameter = {
  id: 'WebhookId',
  name: 'id',
  in: 'path',
  required: true,
  description: 'The webhook-id of the delivery.',
  schema: { type: 'string' },
};

export const retryWebhookOperation = defineOperation<OperatorDependencies>({
  method: 'post',
  path: '/webhooks/{id}/retry',
  id: 'retryWebhook',
  tag: 'Operators',
  summary: 'Retry a webhook that could not be delivered',
  description: 'Starts its schedule again, under the same webhook-id.',
  access: 'operator',
  parameters: [WEBHOOK_ID],
  answers: { 202: { description: 'The webhook is in the queue again.', schema: webhookRetrySchema } },
  errors: ['webhook_not_found', 'webhook_not_failed', 'queue_unavailable', 'internal'],
  createHandler: (deps) => async (context) => {
    const id = context.req.param('id') ?? '';
    const retried = await withQueue(deps.redis, () => deps.webhooks.retry(id));
    context.set('jobId', retried.job_id);
    return context.json(retried, 202);
  },
});
