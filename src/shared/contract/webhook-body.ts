import { z } from 'zod';
import { batchViewSchema } from './batch-view.js';
import { jobViewSchema } from './job-view.js';

const tenantSchema = z.string().meta({
  description: 'Name of the API key that made the request; `anonymous` if no keys are configured.',
});

/** The body of the webhook of a job, Standard Webhooks 1.0. */
export const webhookBodySchema = z
  .object({
    type: z.enum(['comparison.completed', 'comparison.failed']),
    timestamp: z.iso.datetime(),
    tenant: tenantSchema,
    data: jobViewSchema,
  })
  .meta({ id: 'Webhook' });
export type WebhookBody = z.infer<typeof webhookBodySchema>;

/** The body of the webhook of a batch. */
export const batchWebhookBodySchema = z
  .object({
    type: z.literal('batch.completed'),
    timestamp: z.iso.datetime(),
    tenant: tenantSchema,
    data: batchViewSchema,
  })
  .meta({ id: 'BatchWebhook' });
export type BatchWebhookBody = z.infer<typeof batchWebhookBodySchema>;

/** A webhook that was given up, with the host of its target, but not the rest of the URL. */
export const failedWebhookSchema = z
  .object({
    id: z.string().meta({ description: 'The webhook-id of every attempt.' }),
    job_id: z.string().meta({ description: 'The job that it reports; for `batch.completed`, the batch.' }),
    host: z.string(),
    attempts: z.int().min(0),
    last_error: z.string(),
    failed_at: z.iso.datetime(),
  })
  .meta({ id: 'FailedWebhook' });
export type FailedWebhook = z.infer<typeof failedWebhookSchema>;

export const failedWebhooksSchema = z
  .object({
    items: z.array(failedWebhookSchema),
    next_cursor: z.string().optional().meta({ description: 'Absent on the last page.' }),
  })
  .meta({ id: 'FailedWebhooks' });
export type FailedWebhooks = z.infer<typeof failedWebhooksSchema>;

/** The answer to a replay: the delivery restarts its schedule under the same webhook-id. */
export const webhookRetrySchema = z
  .object({ id: z.string(), job_id: z.string(), status: z.literal('pending') })
  .meta({ id: 'WebhookRetry' });
export type WebhookRetry = z.infer<typeof webhookRetrySchema>;
