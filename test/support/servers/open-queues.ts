import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { ComparisonOutcome } from '../../../src/shared/contract/comparison-outcome.js';
import { compareQueueName } from '../../../src/shared/queue/keyspace.js';
import { WEBHOOK_QUEUE } from '../../../src/shared/webhooks/webhook-job.js';

/** The queues of a service in Redis, for tests that read, fill or break them. */
export interface OpenQueues {
  readonly redis: Redis;
  /** The comparisons of the pack `lite`. */
  readonly queue: Queue;
  readonly webhookQueue: Queue;
  /** Ends the comparison that waits first with this outcome, as a worker does. */
  endWaitingJob(outcome: ComparisonOutcome): Promise<void>;
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
    endWaitingJob: async (outcome) => {
      const worker = new Worker(queue.name, null, options);
      const job = await worker.getNextJob('token');
      await job?.moveToCompleted(outcome, 'token', false);
      await worker.close();
    },
    close: async () => {
      await queue.close();
      await webhookQueue.close();
      redis.disconnect();
    },
  };
}
