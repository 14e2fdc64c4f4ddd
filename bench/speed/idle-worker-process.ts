import { Worker } from 'bullmq';
import { compareQueueName } from '../../src/shared/queue/keyspace.js';
import { connectRedis } from '../../src/shared/redis/connect-redis.js';
import { parseRedisUrl } from '../../src/shared/redis/redis-url.js';

// A worker that decides at once without reading a photo: node --import tsx idle-worker-process.ts REDIS_URL MODEL.
// Only API and queue remain to be measured. Prints a line when it is ready and ends on SIGTERM.

const [, , redisUrl = '', model = ''] = process.argv;
const connection = connectRedis(parseRedisUrl(redisUrl), 'patient');
const worker = new Worker(compareQueueName(model), async () => ({ ok: true, matched: true }), {
  connection,
  prefix: '{face}',
  concurrency: 50,
});
worker.on('error', (error) => process.stderr.write(`${error.message}\n`));
await worker.waitUntilReady();
process.stdout.write('ready\n');
process.once('SIGTERM', () => {
  void worker.close().then(() => {
    connection.disconnect();
  });
});
