import { type Job, Worker } from 'bullmq';
import type { ComparisonJob } from '../../src/shared/queue/comparison-job.js';
import { createFairQueue } from '../../src/shared/queue/fair-queue.js';
import { createKeyspace } from '../../src/shared/queue/keyspace.js';
import { connectRedis } from '../../src/shared/redis/connect-redis.js';
import { parseRedisUrl } from '../../src/shared/redis/redis-url.js';

// A worker that decides at once without reading a photo: node --import tsx idle-worker-process.ts REDIS_URL MODEL.
// Only API and queue remain to be measured. Prints a line when it is ready and ends on SIGTERM.

const HEARTBEAT_LASTS_MS = 86_400_000;

const [, , redisUrl = '', model = ''] = process.argv;
const connection = connectRedis(parseRedisUrl(redisUrl), 'patient');
const keys = createKeyspace({ prefix: '{face}', model });
const fairQueue = createFairQueue(connection, keys.prefix, keys.queueName);
const decide = async ({ id: jobId = '', data: { tenant, sync }, priority }: Job<ComparisonJob>) => {
  // Otherwise the job would count as waiting.
  await fairQueue.start({ jobId, tenant, sync }, priority);
  return { ok: true, matched: true };
};
const worker = new Worker(keys.queueName, decide, {
  connection,
  prefix: keys.prefix,
  concurrency: 50,
});
worker.on('error', (error) => process.stderr.write(`${error.message}\n`));
await worker.waitUntilReady();
// Without a heartbeat the API refuses callers who wait, after NO_WORKER_GRACE_SECONDS.
await connection.zadd(keys.workers, Date.now() + HEARTBEAT_LASTS_MS, 'idle worker');
process.stdout.write('ready\n');
process.once('SIGTERM', () => {
  void worker.close().then(() => {
    connection.disconnect();
  });
});
