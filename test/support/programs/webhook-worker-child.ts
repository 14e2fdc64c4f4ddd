import { createAddressPolicy } from '../../../src/shared/net/address-policy.js';
import { createKeyspace } from '../../../src/shared/queue/keyspace.js';
import { connectRedis } from '../../../src/shared/redis/connect-redis.js';
import { parseRedisUrl } from '../../../src/shared/redis/redis-url.js';
import { createLogger } from '../../../src/shared/runtime/logger.js';
import { createWebhookQueue } from '../../../src/shared/webhooks/webhook-queue.js';
import { createGuardedAgent } from '../../../src/worker/net/guarded-agent.js';
import { createWebhookWorker } from '../../../src/worker/webhooks/webhook-worker.js';

/** A webhook worker in its own process, so that a test can kill it and read its output. */
const [redisUrl = '', prefix = '', secret = ''] = process.argv.slice(2);
const policy = createAddressPolicy({
  allowedPrivateHosts: ['127.0.0.1'],
  allowedImageHosts: [],
  allowedPorts: [],
});
const connection = connectRedis(parseRedisUrl(redisUrl), 'patient');
createWebhookWorker({
  connection,
  prefix,
  webhooks: createWebhookQueue({
    redis: connection,
    keys: createKeyspace({ prefix, model: 'lite' }),
    retentionSeconds: 3_600,
    onError: () => undefined,
  }),
  delivery: {
    policy,
    timeoutMs: 30_000,
    now: Date.now,
  },
  openAgent: (onAddresses) => createGuardedAgent(policy, { connectTimeoutMs: 1_000, onAddresses }),
  secretsOf: () => [secret],
  concurrency: 5,
  concurrencyPerHost: 5,
  logger: createLogger('worker', 'trace'),
  retryDelaysMs: [20],
  lockDurationMs: 1_000,
  stalledIntervalMs: 500,
});
