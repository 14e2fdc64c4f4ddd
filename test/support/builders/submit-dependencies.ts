import { createBacklog } from '../../../src/api/capacity/backlog.js';
import { createJobQueue } from '../../../src/api/jobs/job-queue.js';
import { createKeyTurns } from '../../../src/api/jobs/key-turns.js';
import { createCancelledJobs } from '../../../src/shared/queue/cancelled-jobs.js';
import { createFairQueue } from '../../../src/shared/queue/fair-queue.js';
import type { Keyspace } from '../../../src/shared/queue/keyspace.js';
import type { RedisConnection } from '../../../src/shared/redis/connect-redis.js';

/** Seconds for which results are kept, and jobs can wait. */
const SECONDS = 60;

/** Returns what an API needs to accept jobs at a real Redis, whose clock is ours. Close `queue`. */
export function createSubmitDependencies(redis: RedisConnection, keys: Keyspace) {
  const settings = { redis, keys, retentionSeconds: SECONDS };
  const fairQueue = createFairQueue(redis, keys.prefix, keys.queueName);
  const queue = createJobQueue({
    ...settings,
    fairQueue,
    deadlineSeconds: SECONDS,
    onError: () => undefined,
  });
  return {
    ...settings,
    fairQueue,
    queue,
    model: keys.model,
    clock: { isSynchronised: () => true, now: Date.now, synchronise: async () => undefined },
    cancelledJobs: createCancelledJobs(settings),
    turns: createKeyTurns({ ...settings, deadlineSeconds: SECONDS }),
    backlog: createBacklog({ countWaiting: queue.countWaiting, maxDepth: 100, maxSyncWaitMs: 1_000 }),
    workers: { requireWorker: async () => undefined },
    calibration: null,
    settings: { webhookOnSync: false, canIssueReceipts: false, syncWaitMs: 1_000, jobDeadlineMs: 60_000 },
    uploadStore: undefined,
  };
}
