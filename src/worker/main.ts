import { constants, setPriority } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { createBatchStore } from '../shared/batches/batch-store.js';
import { loadWorkerConfig, type WorkerConfig } from '../shared/config/config.js';
import { followSettings, type LiveSettings } from '../shared/config/live-settings.js';
import { fmrAtThreshold } from '../shared/models/calibration.js';
import { listRecognisers, packName, readManifest } from '../shared/models/model-catalogue.js';
import type { ModelManifest } from '../shared/models/model-manifest.js';
import { createKeyspace } from '../shared/queue/keyspace.js';
import { findSigningKey } from '../shared/receipts/receipt-keys.js';
import { isRedisReady } from '../shared/redis/connect-redis.js';
import { measureResponse } from '../shared/redis/measure-response.js';
import { openRedis } from '../shared/redis/open-redis.js';
import { createRedisClock, type RedisClock } from '../shared/redis/redis-clock.js';
import { createLogger } from '../shared/runtime/logger.js';
import { readServiceVersion } from '../shared/runtime/service-version.js';
import { createShutdown, exitOnSignals, failToStart } from '../shared/runtime/shutdown.js';
import { startTracing } from '../shared/runtime/start-tracing.js';
import { countWaiting, createShadowQueue, shadowKeys } from '../shared/shadow/shadow-queue.js';
import { createWebhookQueue, type WebhookQueue } from '../shared/webhooks/webhook-queue.js';
import type { FinishDependencies } from './comparison/finish-job.js';
import { createSharedResources } from './create-shared-resources.js';
import { createWorkerMetrics } from './metrics.js';
import { createReceiptIssuer, type IssueReceipt } from './receipts/receipt-issuer.js';
import { createShadowOffers } from './shadow/shadow-offers.js';
import { startShadow } from './shadow/start-shadow.js';
import { startConsumers } from './start-consumers.js';
import { createSlowJobs, type SlowJobs } from './tenant-shares/slow-jobs.js';
import { warnOfUnsafeRedis, warnOfWeakCheck } from './upkeep/startup-warnings.js';
import type { ModelIdentity } from './verification/create-evidence.js';
import type { VerificationRules } from './verification/verify-person.js';
import { createVisionPool, type VisionPool } from './vision/process/vision-pool.js';
import type { WorkerParts } from './worker-parts.js';

/**
 * How far V8's heap may grow after a full collection before the next one, in percent. Photos count as heap: with V8's
 * own small limits they caused several collections a second, which took half of a worker's time.
 */
const HEAP_GROWTH_PERCENT = 400;

await main().catch(failToStart);

async function main(): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  const loaded = loadWorkerConfig();
  const { config, warnings, fallbacks } = loaded;
  const logger = createLogger('worker', config.LOG_LEVEL, config.LOG_FORMAT);
  for (const warning of warnings) logger.warn({ warning }, 'configuration');
  const shutdown = createShutdown(logger, config.SHUTDOWN_TIMEOUT * 1_000);
  exitOnSignals(shutdown);
  await startTracing({ endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, service: 'face-worker', shutdown });

  // On a machine that it shares with live workers, these go first. Vision processes inherit it.
  if (config.SHADOW_OF !== undefined) setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  const settings = followSettings({ loaded, load: () => loadWorkerConfig(), logger });
  shutdown.add('settings', settings.stop);
  const manifest = readManifest(config.MODELS_DIR, config.INSIGHTFACE_MODEL);
  const pool = createVisionPool({
    ...config.vision,
    manifest: manifest ?? { recognisers: listRecognisers(config.MODELS_DIR) },
    onLost: (reason, strikes) =>
      logger.warn({ reason, strikes }, 'a vision process was lost in the middle of a photo'),
    // Otherwise it would take jobs that healthy workers can do, and fail them. Its supervisor restarts it.
    onNoneLeft: (cause) =>
      void shutdown.run('no vision process can be started').then(() => failToStart(cause)),
  });
  shutdown.add('vision', () => pool.close());
  const identity = await pool.ready();
  const model: ModelIdentity = {
    pack: packName(config.INSIGHTFACE_MODEL),
    detector: identity.detector,
    recogniser: identity.recogniser,
  };
  const { redis, rights, onError } = openRedis({ config, user: 'worker', logger, shutdown });
  void warnOfUnsafeRedis(redis, logger);
  warnOfWeakCheck(config, identity, logger);
  const { REDIS_PREFIX: prefix, SHADOW_OF: live = config.INSIGHTFACE_MODEL } = config;
  const keys = createKeyspace({ prefix, model: live });
  const slowJobs = createSlowJobs(config.WORKER_SLOW_JOBS, () => performance.now());
  const verification = verificationRules(config, manifest, model);
  const parts = {
    config,
    settings,
    readSettings: settings.current,
    logger,
    redis,
    rights,
    onError,
    keys,
    pool,
    model,
    slowJobs,
    verification,
    manifest,
    shutdown,
  };
  await (config.SHADOW_OF !== undefined ? runShadow(parts) : runLive(parts, fallbacks));
  logger.info(
    { ...model, concurrency: config.WORKER_CONCURRENCY, vision_processes: config.VISION_PROCESSES },
    'ready',
  );
}

/** What live workers and shadows need. */
interface Parts extends WorkerParts {
  readonly settings: LiveSettings<WorkerConfig>;
  readonly onError: (error: unknown) => void;
  readonly pool: VisionPool;
  readonly model: ModelIdentity;
  readonly slowJobs: SlowJobs;
  readonly verification: VerificationRules;
  readonly manifest: ModelManifest | undefined;
}

async function runLive(parts: Parts, settingWarnings: readonly string[]): Promise<void> {
  const { config, logger, redis, rights, keys, pool, slowJobs } = parts;
  const clock = createRedisClock(redis);
  const share = config.SHADOW_MODEL === undefined ? 0 : config.SHADOW_SHARE;
  const onExpired = (count: number): void => metrics.countShadowOffer('expired', count);
  const shadowQueue = createShadowQueue({ redis, keys, onExpired }, packName(config.SHADOW_MODEL ?? ''));
  const metrics = createWorkerMetrics({
    visionRestarts: () => pool.stats().restarts,
    slowJobs: () => slowJobs.count,
    canUseRedis: () => isRedisReady(redis) && !rights.isMissing(),
    measureRedis: () => measureResponse(redis),
    countShadowWaiting: () => countWaiting(shadowQueue, redis, clock.now()),
    visionProcesses: config.VISION_PROCESSES,
    model: parts.model,
    reloads: parts.settings.state,
  });
  const { JOB_RETENTION_SECONDS: retentionSeconds } = config;
  const finishing: FinishDependencies = {
    redis,
    clock,
    keys,
    retentionSeconds,
    batches: createBatchStore({ redis, keys, retentionSeconds }),
    webhooks: openWebhookQueue(parts),
    logger,
  };
  await startConsumers({
    ...parts,
    issueReceipt: receiptIssuer(config, parts.manifest, clock),
    settingWarnings,
    finishing,
    resources: createSharedResources({ ...parts, metrics }),
    shadow: createShadowOffers({ queue: shadowQueue, share, clock, logger, count: metrics.countShadowOffer }),
    metrics,
  });
}

/** A shadow finds photos where live workers have left them to it, and keeps no analysis of a reference. */
async function runShadow(parts: Parts): Promise<void> {
  const resources = createSharedResources({
    ...parts,
    config: { ...parts.config, REFERENCE_CACHE_SIZE: 0 },
    keys: shadowKeys(parts.keys),
    metrics: { countReferenceLookup: () => undefined },
  });
  await startShadow({ ...parts, calibration: parts.manifest?.calibration ?? null, resources });
}

function verificationRules(
  config: WorkerConfig,
  manifest: ModelManifest | undefined,
  model: ModelIdentity,
): VerificationRules {
  const calibration = manifest?.calibration ?? null;
  return {
    duplicatePolicy: config.DUPLICATE_IMAGE_POLICY,
    earlyDecision: config.EARLY_DECISION,
    model,
    fmrAt: (threshold) => fmrAtThreshold(calibration, threshold),
  };
}

/** Returns undefined without a key to sign with. */
function receiptIssuer(
  config: WorkerConfig,
  manifest: ModelManifest | undefined,
  { now }: RedisClock,
): IssueReceipt | undefined {
  const key = findSigningKey(config.RECEIPT_KEYS);
  if (!key) return undefined;
  return createReceiptIssuer({
    key,
    hashesUserId: config.RECEIPT_HASH_USER_ID,
    calibration: manifest?.calibration ?? undefined,
    service: { name: 'face-verification-service', version: readServiceVersion() },
    now,
  });
}

function openWebhookQueue({ config, keys, redis, logger, shutdown }: WorkerParts): WebhookQueue {
  const webhooks = createWebhookQueue({
    redis,
    keys,
    retentionSeconds: config.JOB_RETENTION_SECONDS,
    onError: (error) => logger.debug({ err: error }, 'webhook queue'),
  });
  shutdown.add('webhook queue', webhooks.close);
  return webhooks;
}
