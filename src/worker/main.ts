import { setFlagsFromString } from 'node:v8';
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
import { startTracing } from '../shared/start-tracing.js';
import { createWebhookQueue } from '../shared/webhook-queue.js';
import type { ModelIdentity } from './create-evidence.js';
import type { FinishDependencies } from './finish-job.js';
import { createHostResolver } from './outbound/dns/host-resolver.js';
import { fetchImage } from './outbound/fetch-image.js';
import { createGuardedAgent } from './outbound/guarded-agent.js';
import { createReferenceCache } from './reference-cache.js';
import { startConsumers } from './start-consumers.js';
import { startVision } from './start-vision.js';
import type { VerificationDependencies } from './verify-person.js';
import type { VisionPool } from './vision/vision-pool.js';
import { warnOfUnsafeRedis } from './warn-of-unsafe-redis.js';
import { createWorkerMetrics, type WorkerMetrics } from './worker-metrics.js';

/** Time to look up a name, connect and shake hands with a host, ms. */
const CONNECT_TIMEOUT_MS = 5_000;
/**
 * How far V8's heap may grow over what a full collection left before the next one, in percent. The photos under way
 * count as heap: with V8's own small limits they started several a second, at half of a worker's time.
 */
const HEAP_GROWTH_PERCENT = 400;

await main().catch(failToStart);

async function main(): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  const { config, warnings } = loadWorkerConfig();
  const logger = createLogger('worker', config.LOG_LEVEL);
  for (const warning of warnings) logger.warn({ warning }, 'configuration');
  const shutdown = createShutdown(logger, config.SHUTDOWN_TIMEOUT * 1_000);
  exitOnSignals(shutdown);
  await startTracing({ endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, service: 'face-worker', shutdown });

  const manifest = readManifest(config.MODELS_DIR, config.INSIGHTFACE_MODEL);
  const pool = startVision(config, manifest, {
    onLost: (reason, strikes) =>
      logger.warn({ reason, strikes }, 'a vision process was lost in the middle of a photo'),
    // A worker that can only fail would take the jobs of those that can do them. Its supervisor starts it again.
    onNoneLeft: (cause) =>
      void shutdown.run('no vision process can be started').then(() => failToStart(cause)),
  });
  shutdown.add('vision', () => pool.close());
  const identity = await pool.ready();
  const metrics = createWorkerMetrics({ visionRestarts: () => pool.stats().restarts });

  const redis = connectRedis(config.REDIS_URL, 'patient');
  reportOutages(redis, logger, config.REDIS_URL);
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
  const verification = verificationDependencies({ config, manifest, pool, model, metrics, shutdown });
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
  readonly metrics: WorkerMetrics;
  readonly shutdown: Shutdown;
}

function verificationDependencies(parts: VerificationParts): VerificationDependencies {
  const { config, manifest, model } = parts;
  const policy = outboundPolicy(config);
  const agent = createGuardedAgent(policy, {
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    lookup: createHostResolver({ servers: config.DNS_SERVERS }),
  });
  const limits = {
    policy,
    agent,
    maxBytes: config.MAX_IMAGE_BYTES,
    timeoutMs: config.IMAGE_DOWNLOAD_TIMEOUT * 1_000,
  };
  const calibration = manifest?.calibration ?? null;
  return {
    fetchImage: (url, signal) => fetchImage(url, { ...limits, signal }),
    analyse: analyserOf(parts),
    duplicatePolicy: config.DUPLICATE_IMAGE_POLICY,
    model,
    fmrAt: (threshold) => fmrAtThreshold(calibration, threshold),
  };
}

function analyserOf({
  config,
  pool,
  metrics,
  shutdown,
}: VerificationParts): VerificationDependencies['analyse'] {
  const deadlineMs = config.IMAGE_DECODE_TIMEOUT * 1_000;
  if (config.REFERENCE_CACHE_SIZE === 0)
    return (bytes, _role, signal) => pool.analyse(bytes, { deadlineMs, signal });
  const references = createReferenceCache({
    size: config.REFERENCE_CACHE_SIZE,
    lifetimeMs: config.REFERENCE_CACHE_SECONDS * 1_000,
    onLookup: metrics.countReferenceLookup,
  });
  shutdown.add('reference cache', references.clear);
  return (bytes, role, signal) => {
    const analyse = () => pool.analyse(bytes, { deadlineMs, signal });
    return role === 'reference' ? references.analyse(bytes, analyse) : analyse();
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
