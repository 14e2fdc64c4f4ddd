import { Queue } from 'bullmq';
import { MAX_STREAM_EVENTS, WEBHOOK_QUEUE, type WebhookJob, webhookJobId } from './queue-contract.js';
import type { RedisConnection } from './redis.js';

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

/** Removes the webhook of a job whatever its state; false while it is being delivered. */
export async function eraseWebhook(queue: Queue<WebhookJob>, jobId: string): Promise<boolean> {
  const delivery = await queue.getJob(webhookJobId(jobId));
  if (!delivery) return true;
  return delivery.remove().then(
    () => true,
    () => false,
  );
}
