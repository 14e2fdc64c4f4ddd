import { Queue } from 'bullmq';
import { MAX_STREAM_EVENTS, WEBHOOK_QUEUE, type WebhookJob } from './queue-contract.js';
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
