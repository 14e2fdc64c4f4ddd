import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { compareQueueName } from '../../../src/shared/queue/keyspace.js';
import { WEBHOOK_QUEUE } from '../../../src/shared/webhooks/webhook-job.js';

/** What a service holds in Redis, to look at, to add to or to break. */
export interface OpenQueues {
  readonly redis: Redis;
  /** The comparisons of the pack `lite`. */
  readonly queue: Queue;
  readonly webhookQueue: Queue;
  close(): Promise<void>;
}

/** Opens the queues of a service that uses the Redis at this URL. */
export function openQueues(redisUrl: string): OpenQueues {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const options = { connection: redis, prefix: '{face}' };
  const queue = new Queue(compareQueueName('lite'), options);
  const webhookQueue = new Queue(WEBHOOK_QUEUE, options);
  return {
    redis,
    queue,
    webhookQueue,
    close: async () => {
      await queue.close();
      await webhookQueue.close();
      redis.disconnect();
    },
  };
}
