import type { Queue } from 'bullmq';
import type { JobView, WebhookBody } from '../contract/contract.js';
import type { EntryLimits } from '../queue/fair-queue.js';
import { JOB_VERSION, type WebhookJob, webhookJobId } from '../queue/queue-contract.js';
import type { RedisConnection } from '../redis/connect-redis.js';
import { createWebhookOrder, placeOfWebhook } from './webhook-queue.js';
import { webhookJobOptions } from './webhook-schedule.js';

export interface WebhookRequest {
  /** The final view of the job, as the receiver is told. */
  readonly view: JobView;
  readonly url: string;
  readonly tenant: string;
  /** The pack whose queue holds the comparison. */
  readonly model: string;
  readonly retentionSeconds: number;
}

/** Whatever waits, an ended job gets its webhook. */
const ANY_NUMBER: EntryLimits = { maxOwn: Number.POSITIVE_INFINITY, maxAhead: Number.POSITIVE_INFINITY };

export interface WebhookTarget {
  readonly webhookQueue: Queue<WebhookJob>;
  /** The connection that the queue runs on. */
  readonly redis: RedisConnection;
  readonly prefix: string;
}

/** Queues the one webhook of an ended job, in fair order among tenants; doing it again changes nothing. */
export async function queueWebhook(target: WebhookTarget, request: WebhookRequest): Promise<void> {
  const { view, url, tenant, model } = request;
  const body: WebhookBody = {
    type: view.status === 'completed' ? 'comparison.completed' : 'comparison.failed',
    timestamp: view.finished_at ?? view.created_at,
    tenant,
    data: view,
  };
  const payload: WebhookJob = {
    v: JOB_VERSION,
    job_id: view.job_id,
    tenant,
    model,
    url,
    body: JSON.stringify(body),
  };
  const jobId = webhookJobId(view.job_id);
  const order = createWebhookOrder(target.redis, target.prefix);
  const acceptedAt = Date.parse(body.timestamp);
  const place = await order.enter({ ...placeOfWebhook(view.job_id, tenant), acceptedAt }, ANY_NUMBER);
  if (!place.admitted) throw new Error('this is a bug: the order of webhooks has no limit');
  const options = { ...webhookJobOptions(request.retentionSeconds), jobId, priority: place.priority };
  await target.webhookQueue.add('deliver', payload, options);
}
