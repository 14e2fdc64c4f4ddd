import type { WorkerConfig } from '../../shared/config/config.js';
import { packName } from '../../shared/models/model-catalogue.js';
import type { Calibration } from '../../shared/models/model-manifest.js';
import type { Keyspace } from '../../shared/queue/keyspace.js';
import { connectRedis, isRedisReady, type RedisConnection } from '../../shared/redis/connect-redis.js';
import { measureResponse } from '../../shared/redis/measure-response.js';
import { createRedisClock } from '../../shared/redis/redis-clock.js';
import { logUnlessAway } from '../../shared/redis/report-outages.js';
import type { RightsWatch } from '../../shared/redis/watch-rights.js';
import type { Logger } from '../../shared/runtime/logger.js';
import type { Shutdown } from '../../shared/runtime/shutdown.js';
import { startStatusServer } from '../../shared/runtime/status-server.js';
import { createShadowQueue } from '../../shared/shadow/shadow-queue.js';
import type { SharedResources } from '../tenant-shares/job-steps.js';
import type { VerificationRules } from '../verification/verify-person.js';
import { createShadowMetrics } from './shadow-metrics.js';
import { startShadowWorker } from './shadow-worker.js';
import { createTrialSummary } from './trial-summary.js';

/** Interval at which this process learns the time of Redis, ms. */
const CLOCK_PERIOD_MS = 10_000;
/** Share of the shutdown time in which running comparisons may finish. */
const GRACE_SHARE = 0.6;

export interface ShadowOptions {
  readonly config: WorkerConfig;
  /** Returns the settings as they are now, for those of tenants. */
  readonly readSettings: () => WorkerConfig;
  readonly logger: Logger;
  readonly redis: RedisConnection;
  readonly rights: Pick<RightsWatch, 'complete' | 'isMissing'>;
  /** The names of the live pack. */
  readonly keys: Keyspace;
  readonly calibration: Calibration | null;
  readonly verification: VerificationRules;
  readonly resources: SharedResources;
  readonly shutdown: Shutdown;
}

/**
 * Runs this worker as a shadow: it repeats comparisons with its own pack and only counts. It takes no job of callers, has no
 * heartbeat and delivers nothing, so nobody waits for it and nobody misses it.
 */
export async function startShadow(options: ShadowOptions): Promise<void> {
  const { config, readSettings, logger, redis, rights, keys, shutdown } = options;
  const clock = createRedisClock(redis);
  const pack = packName(config.INSIGHTFACE_MODEL);
  const trial = { live: packName(keys.model), pack, threshold: config.SHADOW_THRESHOLD };
  const summary = createTrialSummary(trial, new Date());
  const metrics = createShadowMetrics({
    trial,
    canUseRedis: () => isRedisReady(redis) && !rights.isMissing(),
    measureRedis: () => measureResponse(redis),
  });
  let ready = false;
  const isReady = (): boolean => ready && isRedisReady(redis) && !rights.isMissing();
  const health = await startStatusServer({
    host: config.WORKER_HOST,
    port: config.WORKER_PORT,
    answers: {
      '/health': () => [200, { status: 'ok' }],
      '/health/ready': () => (isReady() ? [200, { status: 'ready' }] : [503, { status: 'not_ready' }]),
      '/metrics': async () => [200, await metrics.render()],
      '/shadow': () => [200, summary.describe()],
    },
  });
  shutdown.add('health', health.close);
  logger.info({ host: config.WORKER_HOST, port: health.port }, 'metrics');
  await rights.complete;

  const onError = logUnlessAway(redis, logger, 'shadow');
  await clock.synchronise();
  const timer = setInterval(() => void clock.synchronise().catch(onError), CLOCK_PERIOD_MS);
  shutdown.add('clock', () => clearInterval(timer));
  const worker = startShadowWorker({
    ...options,
    queue: createShadowQueue({ redis, keys, onExpired: metrics.countExpired }, pack),
    clock,
    concurrency: config.WORKER_CONCURRENCY,
    thresholds: {
      instead: config.SHADOW_THRESHOLD,
      calibration: options.calibration,
      lowestOf: (tenant) => readSettings().tenants?.get(tenant)?.minThreshold ?? config.MIN_THRESHOLD,
    },
    observe: (verdict) => {
      metrics.observe(verdict);
      summary.add(verdict);
    },
    onError,
  });
  await listenForErasures(options, worker.abort);
  shutdown.add('shadow', () =>
    isRedisReady(redis) ? worker.close(config.SHUTDOWN_TIMEOUT * 1_000 * GRACE_SHARE) : undefined,
  );
  ready = true;
}

/** An API that erases a job says so where it also asks to stop a running one. */
async function listenForErasures(
  { config, keys, logger, shutdown }: ShadowOptions,
  abort: (jobId: string) => void,
): Promise<void> {
  const subscriber = connectRedis(config.REDIS_URL, 'patient');
  subscriber.on('error', (error) => logger.debug({ err: error }, 'cancel subscription'));
  subscriber.on('message', (_channel, jobId) => abort(jobId));
  await subscriber.subscribe(keys.cancelChannel);
  shutdown.add('cancel subscription', () => subscriber.disconnect());
}
