import type { WorkerConfig } from '../shared/config/config.js';
import { createFairQueue } from '../shared/queue/fair-queue.js';
import { connectRedis, isRedisReady, type RedisConnection } from '../shared/redis/connect-redis.js';
import type { RedisClock } from '../shared/redis/redis-clock.js';
import type { Logger } from '../shared/runtime/logger.js';
import type { Shutdown } from '../shared/runtime/shutdown.js';
import { signingSecrets } from '../shared/webhooks/webhook-secret.js';
import { type CompareWorker, createCompareWorker } from './comparison/compare-worker.js';
import type { FinishDependencies } from './comparison/finish-job.js';
import type { WorkerMetrics } from './metrics.js';
import { createHostResolver } from './net/dns/host-resolver.js';
import { createGuardedAgent } from './net/guarded-agent.js';
import type { SharedParts } from './sharing/job-lane.js';
import { startHealthServer } from './upkeep/health-server.js';
import { startHeartbeat } from './upkeep/heartbeat.js';
import { startReconciler } from './upkeep/reconcile.js';
import type { VerificationRules } from './verification/verify-person.js';
import { createWebhookWorker, type WebhookWorkerDependencies } from './webhooks/webhook-worker.js';

/** Time to look up a receiver's name, connect and shake hands, ms. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Share of the shutdown's time in which running comparisons may end by themselves. */
const GRACE_SHARE = 0.6;

/** Between two looks whether the end waits for nothing but an absent Redis, ms. */
const STRANDED_LOOK_MS = 100;

export interface ConsumerParts {
  readonly config: WorkerConfig;
  readonly logger: Logger;
  readonly redis: RedisConnection;
  readonly finishing: FinishDependencies;
  readonly verification: VerificationRules;
  readonly shared: SharedParts;
  readonly metrics: WorkerMetrics;
  readonly shutdown: Shutdown;
}

/** Opens the health port and starts everything that takes work: comparisons, webhooks, the reconciler. */
export async function startConsumers(parts: ConsumerParts): Promise<void> {
  const { config, logger, redis, finishing, metrics, shutdown } = parts;
  let ready = false;
  const health = await startHealthServer({
    host: config.WORKER_HOST,
    port: config.WORKER_PORT,
    isReady: () => ready && isRedisReady(redis),
    renderMetrics: metrics.render,
  });
  shutdown.add('health', health.close);
  const fairQueue = createFairQueue(redis, finishing.keys.prefix, finishing.keys.queueName);
  const reconciler = startReconciler({
    ...finishing,
    fairQueue,
    maxKeptResults: config.MAX_KEPT_RESULTS,
    logger,
    count: metrics.countReconciled,
  });
  shutdown.add('reconciler', reconciler.stop);

  // Before the first job: its deadline is a time of Redis' clock.
  await finishing.clock.synchronise();
  const graceMs = config.SHUTDOWN_TIMEOUT * 1_000 * GRACE_SHARE;
  const webhooks = createWebhookWorker({
    connection: redis,
    prefix: finishing.keys.prefix,
    webhooks: finishing.webhooks,
    ...deliveryDependencies(config, finishing.clock),
    secretsOf: (tenant) => signingSecrets(tenant, config),
    concurrency: config.WEBHOOK_CONCURRENCY,
    concurrencyPerHost: config.WEBHOOK_CONCURRENCY_PER_HOST,
    logger,
    onDelivery: ({ result }) => metrics.observeWebhook(result),
  });
  const comparisons = createCompareWorker({
    ...finishing,
    verification: parts.verification,
    shared: parts.shared,
    onPostponed: metrics.countPostponed,
    fairQueue,
    concurrency: config.WORKER_CONCURRENCY,
    logger,
    logUserId: config.LOG_USER_ID,
    observe: metrics.observeComparison,
    onStalled: metrics.countStalled,
    onAbandoned: metrics.countAbandoned,
  });
  await listenForCancels(comparisons, parts);
  shutdown.add('consumers', () => {
    const closed = Promise.all([comparisons.close(graceMs), webhooks.close(graceMs)]);
    return unlessStranded(closed, () => !isRedisReady(redis) && comparisons.isIdle() && webhooks.isIdle());
  });
  const heartbeat = await startHeartbeat({ ...finishing, logger });
  // Last in, first out: the APIs hear that this worker goes before it stops to take jobs.
  shutdown.add('heartbeat', heartbeat.stop);
  ready = true;
  shutdown.add('readiness', () => {
    ready = false;
  });
}

/**
 * Resolves with `closed`, or before it as soon as `isStranded`: while Redis is away BullMQ's own close waits for Redis,
 * and where nothing runs there is nothing else to wait for.
 */
async function unlessStranded(closed: Promise<unknown>, isStranded: () => boolean): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const stranded = new Promise<void>((resolve) => {
    timer = setInterval(() => isStranded() && resolve(), STRANDED_LOOK_MS);
  });
  await Promise.race([closed, stranded]).finally(() => clearInterval(timer));
}

async function listenForCancels(
  worker: CompareWorker,
  { config, finishing, logger, shutdown }: ConsumerParts,
): Promise<void> {
  const subscriber = connectRedis(config.REDIS_URL, 'patient');
  subscriber.on('error', (error) => logger.debug({ err: error }, 'cancel subscription'));
  subscriber.on('message', (_channel, jobId) => worker.abort(jobId, 'cancelled'));
  await subscriber.subscribe(finishing.keys.cancelChannel);
  shutdown.add('cancel subscription', () => subscriber.disconnect());
}

/** Receivers refuse a webhook whose timestamp is minutes off, so it is told by Redis' clock as deadlines are. */
function deliveryDependencies(
  config: WorkerConfig,
  clock: RedisClock,
): Pick<WebhookWorkerDependencies, 'delivery' | 'openAgent'> {
  const policy = config.addressPolicy;
  const timeoutMs = config.WEBHOOK_TIMEOUT * 1_000;
  const connectTimeoutMs = Math.min(CONNECT_TIMEOUT_MS, timeoutMs);
  const lookup = createHostResolver({ servers: config.DNS_SERVERS });
  return {
    delivery: { policy, timeoutMs, now: clock.now },
    openAgent: (onAddresses) => createGuardedAgent(policy, { connectTimeoutMs, lookup, onAddresses }),
  };
}
