import type { Queue } from 'bullmq';
import { createAddressPolicy } from '../shared/address-policy.js';
import { fmrAtThreshold } from '../shared/calibration.js';
import { loadWorkerConfig, type WorkerConfig } from '../shared/config.js';
import { createFairQueue } from '../shared/fair-queue.js';
import { createLogger, type Logger } from '../shared/logger.js';
import { readManifest } from '../shared/model-catalogue.js';
import type { ModelManifest } from '../shared/model-manifest.js';
import { cancelChannel, packName, redisKeys, type WebhookJob } from '../shared/queue-contract.js';
import { connectRedis, type RedisConnection } from '../shared/redis.js';
import { createRedisClock, type RedisClock } from '../shared/redis-clock.js';
import { createShutdown, exitOnSignals, failToStart, type Shutdown } from '../shared/shutdown.js';
import { createWebhookQueue } from '../shared/webhook-queue.js';
import { type CompareWorker, createCompareWorker } from './compare-processor.js';
import type { ModelIdentity } from './create-evidence.js';
import type { FinishDependencies } from './finish-job.js';
import { startHealthServer } from './health-server.js';
import { startHeartbeat } from './heartbeat.js';
import { fetchImage } from './outbound/fetch-image.js';
import { createGuardedAgent } from './outbound/guarded-agent.js';
import { startReconciler } from './reconcile.js';
import { startVision } from './start-vision.js';
import type { VerificationDependencies } from './verify-person.js';
import type { VisionPool } from './vision/vision-pool.js';
import { createWebhookWorker } from './webhook-processor.js';
import { createWorkerMetrics, type WorkerMetrics } from './worker-metrics.js';

/** Time to look up a name, connect and shake hands with a host, ms. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Share of the shutdown's time in which running comparisons may end by themselves. */
const GRACE_SHARE = 0.6;

await main().catch(failToStart);

async function main(): Promise<void> {
  const { config, warnings } = loadWorkerConfig();
  const logger = createLogger('worker', config.LOG_LEVEL);
  for (const warning of warnings) logger.warn({ warning }, 'configuration');
  const shutdown = createShutdown(logger, config.SHUTDOWN_TIMEOUT * 1_000);
  exitOnSignals(shutdown);

  const manifest = readManifest(config.MODELS_DIR, config.INSIGHTFACE_MODEL);
  const pool = startVision(config, manifest);
  shutdown.add('vision', () => pool.close());
  const identity = await pool.ready();
  const metrics = createWorkerMetrics({ visionRestarts: () => pool.stats().restarts });

  const redis = connectRedis(config.REDIS_URL, 'patient');
  reportOutages(redis, logger);
  shutdown.add('redis', () => redis.disconnect());
  const clock = createRedisClock(redis);
  const webhookQueue = openWebhookQueue({ config, redis, logger, shutdown });
  const finishing = finishDependencies({ config, redis, clock, webhookQueue });

  const model: ModelIdentity = {
    pack: packName(config.INSIGHTFACE_MODEL),
    detector: identity.detector,
    recogniser: identity.recogniser,
  };
  const verification = verificationDependencies({ config, manifest, pool, model });
  await startConsumers({ config, logger, redis, finishing, verification, metrics, shutdown });
  logger.info(
    { ...model, concurrency: config.WORKER_CONCURRENCY, vision_processes: config.VISION_PROCESSES },
    'ready',
  );
}

interface VerificationParts {
  readonly config: WorkerConfig;
  readonly manifest: ModelManifest | undefined;
  readonly pool: VisionPool;
  readonly model: ModelIdentity;
}

function verificationDependencies({
  config,
  manifest,
  pool,
  model,
}: VerificationParts): VerificationDependencies {
  const policy = addressPolicy(config);
  const agent = createGuardedAgent(policy, { connectTimeoutMs: CONNECT_TIMEOUT_MS });
  const limits = {
    policy,
    agent,
    maxBytes: config.MAX_IMAGE_BYTES,
    timeoutMs: config.IMAGE_DOWNLOAD_TIMEOUT * 1_000,
  };
  const calibration = manifest?.calibration ?? null;
  const deadlineMs = config.IMAGE_DECODE_TIMEOUT * 1_000;
  return {
    fetchImage: (url, signal) => fetchImage(url, { ...limits, signal }),
    analyse: (bytes, _role, signal) => pool.analyse(bytes, { deadlineMs, signal }),
    duplicatePolicy: config.DUPLICATE_IMAGE_POLICY,
    model,
    fmrAt: (threshold) => fmrAtThreshold(calibration, threshold),
  };
}

interface ConsumerParts {
  readonly config: WorkerConfig;
  readonly logger: Logger;
  readonly redis: RedisConnection;
  readonly finishing: FinishDependencies;
  readonly verification: VerificationDependencies;
  readonly metrics: WorkerMetrics;
  readonly shutdown: Shutdown;
}

async function startConsumers(parts: ConsumerParts): Promise<void> {
  const { config, logger, redis, finishing, metrics, shutdown } = parts;
  let ready = false;
  const health = await startHealthServer({
    host: config.WORKER_HOST,
    port: config.WORKER_PORT,
    isReady: () => ready && redis.status === 'ready',
    renderMetrics: metrics.render,
  });
  shutdown.add('health', health.close);
  const reconciler = startReconciler({ ...finishing, logger, count: metrics.countReconciled });
  shutdown.add('reconciler', reconciler.stop);

  const graceMs = config.SHUTDOWN_TIMEOUT * 1_000 * GRACE_SHARE;
  const webhooks = createWebhookWorker({
    connection: redis,
    prefix: config.REDIS_PREFIX,
    delivery: deliveryDependencies(config),
    concurrency: config.WEBHOOK_CONCURRENCY,
    concurrencyPerHost: config.WEBHOOK_CONCURRENCY_PER_HOST,
    logger,
    onDelivery: ({ result }) => metrics.observeWebhook(result),
  });
  const comparisons = createCompareWorker({
    ...finishing,
    verification: parts.verification,
    fairQueue: createFairQueue(redis, redisKeys.fairQueue(config.REDIS_PREFIX, config.INSIGHTFACE_MODEL)),
    concurrency: config.WORKER_CONCURRENCY,
    logger,
    logUserId: config.LOG_USER_ID,
    observe: metrics.observeComparison,
    onStalled: metrics.countStalled,
  });
  await listenForCancels(comparisons, parts);
  shutdown.add('consumers', () => Promise.all([comparisons.close(graceMs), webhooks.close(graceMs)]));
  const heartbeat = await startHeartbeat({ ...finishing, logger });
  // Last in, first out: the APIs hear that this worker goes before it stops to take jobs.
  shutdown.add('heartbeat', heartbeat.stop);
  ready = true;
  shutdown.add('readiness', () => {
    ready = false;
  });
}

async function listenForCancels(
  worker: CompareWorker,
  { config, logger, shutdown }: ConsumerParts,
): Promise<void> {
  const subscriber = connectRedis(config.REDIS_URL, 'patient');
  subscriber.on('error', (error) => logger.debug({ err: error }, 'cancel subscription'));
  subscriber.on('message', (_channel, jobId) => worker.abort(jobId, 'cancelled'));
  await subscriber.subscribe(cancelChannel(config.REDIS_PREFIX, config.INSIGHTFACE_MODEL));
  shutdown.add('cancel subscription', () => subscriber.disconnect());
}

function deliveryDependencies(config: WorkerConfig) {
  const policy = addressPolicy(config);
  const timeoutMs = config.WEBHOOK_TIMEOUT * 1_000;
  return {
    agent: createGuardedAgent(policy, { connectTimeoutMs: Math.min(CONNECT_TIMEOUT_MS, timeoutMs) }),
    policy,
    secrets: config.WEBHOOK_SECRETS,
    timeoutMs,
    now: Date.now,
  };
}

function addressPolicy(config: WorkerConfig) {
  return createAddressPolicy({
    allowedPrivateHosts: config.ALLOWED_PRIVATE_HOSTS,
    allowedImageHosts: config.ALLOWED_IMAGE_HOSTS,
    allowedPorts: config.ALLOWED_PORTS,
  });
}

interface QueueParts {
  readonly config: WorkerConfig;
  readonly redis: RedisConnection;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
}

function openWebhookQueue({ config, redis, logger, shutdown }: QueueParts): Queue<WebhookJob> {
  const onError = (error: unknown): void => logger.debug({ err: error }, 'webhook queue');
  const queue = createWebhookQueue({ redis, prefix: config.REDIS_PREFIX, onError });
  shutdown.add('webhook queue', () => queue.close());
  return queue;
}

interface FinishParts {
  readonly config: WorkerConfig;
  readonly redis: RedisConnection;
  readonly clock: RedisClock;
  readonly webhookQueue: Queue<WebhookJob>;
}

function finishDependencies({ config, redis, clock, webhookQueue }: FinishParts): FinishDependencies {
  return {
    redis,
    clock,
    webhookQueue,
    prefix: config.REDIS_PREFIX,
    model: config.INSIGHTFACE_MODEL,
    retentionSeconds: config.JOB_RETENTION_SECONDS,
  };
}

/** One line when Redis goes and one when it comes back. */
function reportOutages(redis: RedisConnection, logger: Logger): void {
  let away = false;
  redis.on('error', (error) => {
    if (!away) logger.error({ err: error }, 'Redis is away; waiting for it');
    away = true;
  });
  redis.on('ready', () => {
    if (away) logger.info('Redis is back');
    away = false;
  });
}
