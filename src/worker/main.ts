import type { Queue } from 'bullmq';
import { fmrAtThreshold } from '../shared/calibration.js';
import { loadWorkerConfig, type WorkerConfig } from '../shared/config.js';
import { createLogger, type Logger } from '../shared/logger.js';
import { readManifest } from '../shared/model-catalogue.js';
import type { ModelManifest } from '../shared/model-manifest.js';
import { outboundPolicy } from '../shared/outbound-policy.js';
import { packName, type WebhookJob } from '../shared/queue-contract.js';
import { connectRedis, type RedisConnection } from '../shared/redis.js';
import { createRedisClock, type RedisClock } from '../shared/redis-clock.js';
import { reportOutages } from '../shared/report-outages.js';
import { createShutdown, exitOnSignals, failToStart, type Shutdown } from '../shared/shutdown.js';
import { createWebhookQueue } from '../shared/webhook-queue.js';
import type { ModelIdentity } from './create-evidence.js';
import type { FinishDependencies } from './finish-job.js';
import { fetchImage } from './outbound/fetch-image.js';
import { createGuardedAgent } from './outbound/guarded-agent.js';
import { startConsumers } from './start-consumers.js';
import { startVision } from './start-vision.js';
import type { VerificationDependencies } from './verify-person.js';
import type { VisionPool } from './vision/vision-pool.js';
import { warnOfUnsafeRedis } from './warn-of-unsafe-redis.js';
import { createWorkerMetrics } from './worker-metrics.js';

/** Time to look up a name, connect and shake hands with a host, ms. */
const CONNECT_TIMEOUT_MS = 5_000;

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
  void warnOfUnsafeRedis(redis, logger);
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
  const policy = outboundPolicy(config);
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
