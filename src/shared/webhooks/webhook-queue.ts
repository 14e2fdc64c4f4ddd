import { Queue } from 'bullmq';
import { createFairQueue, type FairQueue, type OrderedJob } from '../queue/fair-queue.js';
import { MAX_STREAM_EVENTS, WEBHOOK_QUEUE, type WebhookJob, webhookJobId } from '../queue/queue-contract.js';
import type { RedisConnection } from '../redis/connect-redis.js';
import { removeForeignKey } from '../redis/remove-foreign-key.js';

export interface WebhookQueueOptions {
  readonly redis: RedisConnection;
  readonly prefix: string;
  readonly onError: (error: unknown) => void;
}

/** Opens the queue of webhook deliveries on a connection that the caller owns; the caller closes the queue. */
export function createWebhookQueue({ redis, prefix, onError }: WebhookQueueOptions): Queue<WebhookJob> {
  const queue = new Queue<WebhookJob>(WEBHOOK_QUEUE, {
    connection: redis,
    prefix,
    streams: { events: { maxLen: MAX_STREAM_EVENTS } },
  });
  queue.on('error', onError);
  return queue;
}

/** Returns the order of webhooks among tenants, of all packs; `placeOfWebhook` says how a webhook is entered. */
export function createWebhookOrder(redis: RedisConnection, prefix: string): FairQueue {
  return createFairQueue(redis, prefix, WEBHOOK_QUEUE);
}

/** Returns a webhook as the order takes it. None has a caller on the line. */
export function placeOfWebhook(jobId: string, tenant: string): OrderedJob {
  return { jobId: webhookJobId(jobId), tenant, sync: false };
}

/** True if a record in Redis, and not Redis, is at fault: broken JSON or a key of another type. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof SyntaxError || (error instanceof Error && error.message.includes('WRONGTYPE'));
}

/** Removes the webhook of a job whatever its state; false while it is being delivered. */
export async function eraseWebhook(
  queue: Queue<WebhookJob>,
  jobId: string,
  redis: RedisConnection,
): Promise<boolean> {
  const id = webhookJobId(jobId);
  if (await removeForeignKey(queue, id, redis)) return true;
  return (await queue.remove(id)) === 1;
}
