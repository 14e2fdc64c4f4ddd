import type { FairQueue } from '../../shared/queue/fair-queue.js';
import type { RedisConnection } from '../../shared/redis/connect-redis.js';
import type { RedisClock } from '../../shared/redis/redis-clock.js';
import type { WebhookQueue } from '../../shared/webhooks/webhook-queue.js';
import type { JobQueue } from '../jobs/job-queue.js';
import type { UploadStore } from '../jobs/upload-store.js';
import { withQueue } from '../jobs/with-queue.js';

/** The queue of one model pack at one moment. */
export interface QueueState {
  /** Workers that are alive. */
  readonly workers: number;
  readonly jobsByState: Readonly<Record<string, number>>;
  /** Jobs that wait for their first start. */
  readonly waitingByTenant: ReadonlyMap<string, number>;
  /** Age of the oldest of them; 0 if none waits. */
  readonly oldestWaitingSeconds: number;
  /** Webhooks of all model packs that wait for their delivery or for the next attempt. */
  readonly waitingWebhooks: number;
  /** Bytes of uploaded photos in Redis, of all model packs; 0 without UPLOAD_KEYS. */
  readonly storedUploadBytes: number;
}

export interface QueueStateDependencies {
  readonly redis: RedisConnection;
  readonly queue: Pick<JobQueue, 'countByState' | 'countWorkers'>;
  readonly fairQueue: Pick<FairQueue, 'readWaiting'>;
  readonly clock: RedisClock;
  readonly webhooks: Pick<WebhookQueue, 'countWaiting'>;
  readonly uploadStore: Pick<UploadStore, 'readStoredBytes'> | undefined;
}

/** Reads the state of the queue. @throws VerificationError `queue_unavailable`, within 1.2 s. */
export function readQueueState(deps: QueueStateDependencies): Promise<QueueState> {
  const { redis, queue, fairQueue, clock, webhooks, uploadStore } = deps;
  return withQueue(redis, async () => {
    const now = clock.now();
    const [workers, jobsByState, waiting, waitingWebhooks, storedUploadBytes = 0] = await Promise.all([
      queue.countWorkers(now),
      queue.countByState(),
      fairQueue.readWaiting(),
      webhooks.countWaiting(),
      uploadStore?.readStoredBytes(),
    ]);
    const ages = [...waiting.values()].map(({ oldestAcceptedAt = now }) => now - oldestAcceptedAt);
    return {
      workers,
      jobsByState,
      waitingByTenant: new Map([...waiting].map(([tenant, { count }]) => [tenant, count])),
      oldestWaitingSeconds: Math.max(0, ...ages) / 1_000,
      waitingWebhooks,
      storedUploadBytes,
    };
  });
}
