import { setFlagsFromString } from 'node:v8';
import { createBatchStore } from '../shared/batches/batch-store.js';
import { type ApiConfig, loadApiConfig } from '../shared/config/config.js';
import { followSettings } from '../shared/config/live-settings.js';
import { listManifests, packName, readManifest } from '../shared/models/model-catalogue.js';
import { createCancelledJobs } from '../shared/queue/cancelled-jobs.js';
import { createFairQueue } from '../shared/queue/fair-queue.js';
import { createKeyspace, type Keyspace } from '../shared/queue/keyspace.js';
import { connectRedis, type RedisConnection } from '../shared/redis/connect-redis.js';
import { measureResponse } from '../shared/redis/measure-response.js';
import { openRedis } from '../shared/redis/open-redis.js';
import { createRedisClock, type RedisClock } from '../shared/redis/redis-clock.js';
import { createLogger, type Logger } from '../shared/runtime/logger.js';
import { createShutdown, exitOnSignals, failToStart, type Shutdown } from '../shared/runtime/shutdown.js';
import { startTracing } from '../shared/runtime/start-tracing.js';
import { startStatusServer } from '../shared/runtime/status-server.js';
import { createPhotoCipher } from '../shared/uploads/photo-cipher.js';
import { createWebhookQueue } from '../shared/webhooks/webhook-queue.js';
import { followAccess } from './access/access.js';
import { type AppDependencies, createApp } from './app.js';
import { type Backlog, createBacklog } from './capacity/backlog.js';
import { readQueueState } from './capacity/read-queue-state.js';
import { startWorkerWatch } from './capacity/worker-watch.js';
import { createRequestParser } from './http/request-parser.js';
import { createDrain, type ServerParts, startServer } from './http/start-server.js';
import { createBodyMemory } from './http/upload-limits.js';
import { createJobQueue } from './jobs/job-queue.js';
import { createJobWaiter } from './jobs/job-waiter.js';
import { createKeyTurns } from './jobs/key-turns.js';
import { listenToQueue } from './jobs/listen-to-queue.js';
import { createPersonJobs } from './jobs/person-jobs.js';
import { logUnreadable } from './jobs/skip-unreadable.js';
import { SYNC_GRACE_SECONDS } from './jobs/submit-job.js';
import { createUploadStore, type UploadStore } from './jobs/upload-store.js';
import { withQueue } from './jobs/with-queue.js';
import { type ApiMetrics, createApiMetrics } from './metrics.js';
import type { ReadAccess } from './middleware/authenticate.js';
import { createRateLimiter } from './middleware/rate-limit.js';

const POLL_MS = 1_000;
/** Share of a synchronous caller's time that its job can spend in the queue; the rest is for the job itself. */
const SYNC_WAIT_SHARE = 0.5;
const CLOCK_PERIOD_MS = 10_000;
/** Time for shutdown beyond the drain and the longest wait of a caller, ms. */
const SHUTDOWN_SLACK_MS = 5_000;

/**
 * How far V8's heap may grow after a full collection before the next one, in percent, where photos are accepted. They count
 * as heap: with V8's own small limits, collections took more than half of the time of an upload.
 */
const HEAP_GROWTH_PERCENT = 400;

await main().catch(failToStart);

async function main(): Promise<void> {
  const loaded = loadApiConfig();
  const { config, warnings, fallbacks } = loaded;
  if (config.UPLOAD_KEYS.length > 0) setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  const logger = createLogger('api', config.LOG_LEVEL, config.LOG_FORMAT);
  for (const warning of warnings) logger.warn({ warning }, 'configuration');
  const shutdown = createShutdown(
    logger,
    (config.DRAIN_SECONDS + config.SYNC_WAIT_TIMEOUT) * 1_000 + SHUTDOWN_SLACK_MS,
  );
  exitOnSignals(shutdown);
  await startTracing({ endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, service: 'face-api', shutdown });

  const settings = followSettings({ loaded, load: () => loadApiConfig(), logger });
  shutdown.add('settings', settings.stop);
  const access = followAccess(settings.current);
  const parts = openParts(config, logger, shutdown);
  const metrics = createApiMetrics({
    waitingCallers: () => parts.waiter.size() + parts.batchWaiter.size(),
    refusedUploads: parts.refusedUploads,
    readQueueState: () => readQueueState(parts),
    measureRedis: () => measureResponse(parts.redis),
    pack: packName(parts.keys.model),
    tenants: () => access().names,
    reloads: settings.state,
  });
  await serveMetrics(metrics, { config, logger, shutdown });
  const adminPages = await openAdminPages(parts, access, shutdown);
  const app = createApp({ ...assemble(parts, metrics), access, settingWarnings: fallbacks, adminPages });
  startServer(app, { config, logger, shutdown, isOpen: access().isOpen });
  // Last in, first out: load balancers learn about the end while everything still works.
  shutdown.add('drain', parts.drain.start);
}

/** Loads the pages for operators only where operators have keys: they cost memory. */
async function openAdminPages(
  parts: Parts,
  access: ReadAccess,
  shutdown: Shutdown,
): Promise<AppDependencies['adminPages']> {
  const { config, redis, keys, onError } = parts;
  if (config.ADMIN_API_KEYS.length === 0) return undefined;
  const { createQueueBoard } = await import('./admin/queue-board.js');
  const board = createQueueBoard({ redis, keys, access, onError });
  shutdown.add('queue board', board.close);
  return board.routes;
}

/** Serves metrics on a separate port, because they name tenants and scrapers have no key. */
async function serveMetrics(
  { render }: ApiMetrics,
  { config, logger, shutdown }: Omit<ServerParts, 'isOpen'>,
): Promise<void> {
  const { METRICS_HOST: host, METRICS_PORT: port } = config;
  const answers = { '/metrics': async () => [200, await render()] as const };
  const server = await startStatusServer({ host, port, answers }).catch((error: NodeJS.ErrnoException) => {
    logger.fatal({ code: error.code, host, port }, 'cannot listen on METRICS_HOST and METRICS_PORT');
    process.exit(1);
  });
  logger.info({ host, port: server.port }, 'metrics');
  shutdown.add('metrics', server.close);
}

/** Opens Redis and everything that uses it. */
function openParts(config: ApiConfig, logger: Logger, shutdown: Shutdown) {
  const { redis, onError } = openRedis({ config, user: 'api', logger, shutdown });
  const keys = createKeyspace({ prefix: config.REDIS_PREFIX, model: config.INSIGHTFACE_MODEL });
  const { JOB_RETENTION_SECONDS: retentionSeconds } = config;
  const deadlineSeconds = Math.max(
    config.JOB_DEADLINE_SECONDS,
    Math.ceil(config.SYNC_WAIT_TIMEOUT) + SYNC_GRACE_SECONDS,
  );
  const fairQueue = createFairQueue(redis, keys.prefix, keys.queueName);
  const queue = createJobQueue({
    redis,
    keys,
    fairQueue,
    retentionSeconds,
    deadlineSeconds,
    onError,
  });
  const { readOutcomes } = queue;
  const turns = createKeyTurns({ redis, keys, deadlineSeconds, retentionSeconds });
  const webhooks = createWebhookQueue({ redis, keys, retentionSeconds, onError });
  const backlog = createBacklog({
    countWaiting: queue.countWaiting,
    maxDepth: config.MAX_QUEUE_DEPTH,
    maxSyncWaitMs: config.SYNC_WAIT_TIMEOUT * 1_000 * SYNC_WAIT_SHARE,
  });
  const batches = createBatchStore({ redis, keys, retentionSeconds });
  const own = { queue, batches };
  const personJobs = createPersonJobs({ redis, keys, own, retentionSeconds, deadlineSeconds, onError });
  const waiter = createJobWaiter({ readOutcomes, pollMs: POLL_MS, onPollError: onError });
  const batchWaiter = createJobWaiter<'finished'>({
    readOutcomes: async (ids) =>
      new Map((await batches.listFinished(ids)).map((batchId) => [batchId, 'finished'])),
    pollMs: POLL_MS,
    onPollError: onError,
  });
  const events = listenToQueue({ config, keys, waiter, batchWaiter, backlog, readOutcomes, onError });

  shutdown.add('queues', () => Promise.all([queue.close(), webhooks.close(), personJobs.close()]));
  shutdown.add('events', events.close);
  shutdown.add('waiter', () => waiter.close());
  shutdown.add('batch waiter', () => batchWaiter.close());
  const clock = keepClock(redis, shutdown);
  const workers = startWorkerWatch({
    countWorkers: () => withQueue(redis, () => queue.countWorkers(clock.now())),
    graceMs: config.NO_WORKER_GRACE_SECONDS * 1_000,
    logger,
  });
  shutdown.add('worker watch', workers.stop);
  const drain = createDrain(config.DRAIN_SECONDS * 1_000);
  return {
    config,
    logger,
    onError,
    keys,
    redis,
    clock,
    queue,
    turns,
    fairQueue,
    webhooks,
    backlog,
    workers,
    waiter,
    batches,
    personJobs,
    batchWaiter,
    drain,
    ...openUploads({ config, redis, keys, clock, backlog, onError, shutdown }),
  };
}

interface UploadParts {
  readonly config: ApiConfig;
  readonly redis: RedisConnection;
  readonly keys: Keyspace;
  readonly clock: RedisClock;
  readonly backlog: Backlog;
  readonly onError: (error: unknown) => void;
  readonly shutdown: Shutdown;
}

/** Opens the memory for bodies and the store of their photos; without UPLOAD_KEYS there is no store. */
function openUploads(parts: UploadParts) {
  let refused = 0;
  const onRefused = (): void => {
    refused += 1;
  };
  const requestParser = createRequestParser();
  parts.shutdown.add('request parser', requestParser.close);
  return {
    refusedUploads: () => refused,
    bodyMemory: createBodyMemory(parts.config.UPLOAD_MEMORY_LIMIT, onRefused),
    requestParser,
    uploadStore: openUploadStore(parts, onRefused),
  };
}

function openUploadStore(parts: UploadParts, onRefused: () => void): UploadStore | undefined {
  const { config, onError, shutdown } = parts;
  const cipher = createPhotoCipher(config.UPLOAD_KEYS);
  if (!cipher) return undefined;
  const bulkRedis = connectRedis(config.REDIS_URL, 'bulk');
  bulkRedis.on('error', onError);
  shutdown.add('uploads', () => bulkRedis.disconnect());
  return createUploadStore({
    ...parts,
    bulkRedis,
    cipher,
    memoryLimit: config.UPLOAD_MEMORY_LIMIT,
    retryAfterSeconds: parts.backlog.retryAfterSeconds,
    onRefused,
  });
}

type Parts = ReturnType<typeof openParts>;

function assemble(parts: Parts, metrics: ApiMetrics): Omit<AppDependencies, 'settingWarnings' | 'access'> {
  const { config, logger, keys, redis, drain } = parts;
  return {
    ...parts,
    model: packName(keys.model),
    isDraining: drain.isRunning,
    calibration: readManifest(config.MODELS_DIR, keys.model)?.calibration ?? null,
    manifests: listManifests(config.MODELS_DIR),
    settings: jobSettings(config),
    defaultThreshold: config.FACE_MATCH_THRESHOLD,
    receiptKeys: config.RECEIPT_KEYS,
    cancelledJobs: createCancelledJobs({
      redis,
      keys,
      retentionSeconds: config.JOB_RETENTION_SECONDS,
      onUnreadable: (jobId) => logUnreadable({ record: 'cancelled job', jobId }, logger),
    }),
    rateLimiter: createRateLimiter({ redis, prefix: keys.prefix }),
    corsOrigins: config.CORS_ORIGINS,
    uploadLimits: {
      enabled: config.UPLOAD_KEYS.length > 0,
      maxInlineBytes: Math.min(config.MAX_INLINE_BYTES, config.MAX_IMAGE_BYTES),
      maxImageBytes: config.MAX_IMAGE_BYTES,
      maxJsonBytes: config.MAX_BODY_BYTES,
      memory: parts.bodyMemory,
      parser: parts.requestParser,
    },
    demoPhotos: config.DEMO_PHOTOS,
    maxBatchBytes: config.MAX_BATCH_BYTES,
    observeRequest: metrics.observeRequest,
  };
}

/** Deadlines follow the clock of Redis, so that API and workers agree on them. */
function keepClock(redis: RedisConnection, shutdown: Shutdown): RedisClock {
  const clock = createRedisClock(redis);
  const synchronise = (): void => void clock.synchronise().catch(() => undefined);
  const timer = setInterval(synchronise, CLOCK_PERIOD_MS);
  shutdown.add('clock', () => clearInterval(timer));
  redis.on('ready', synchronise);
  return clock;
}

function jobSettings(config: ApiConfig): AppDependencies['settings'] {
  return {
    webhookOnSync: config.WEBHOOK_ON_SYNC,
    canIssueReceipts: config.RECEIPT_KEYS.length > 0,
    syncWaitMs: config.SYNC_WAIT_TIMEOUT * 1_000,
    jobDeadlineMs: config.JOB_DEADLINE_SECONDS * 1_000,
  };
}
