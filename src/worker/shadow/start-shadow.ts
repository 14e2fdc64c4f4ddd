import { packName } from '../../shared/models/model-catalogue.js';
import type { Calibration } from '../../shared/models/model-manifest.js';
import { isRedisReady } from '../../shared/redis/connect-redis.js';
import { measureResponse } from '../../shared/redis/measure-response.js';
import { createRedisClock } from '../../shared/redis/redis-clock.js';
import { logUnlessAway } from '../../shared/redis/report-outages.js';
import { createShadowQueue } from '../../shared/shadow/shadow-queue.js';
import type { SharedResources } from '../tenant-shares/job-steps.js';
import { listenForCancels } from '../upkeep/listen-for-cancels.js';
import { openHealthPort } from '../upkeep/open-health-port.js';
import type { VerificationRules } from '../verification/verify-person.js';
import type { WorkerParts } from '../worker-parts.js';
import { createShadowMetrics } from './shadow-metrics.js';
import { startShadowWorker } from './shadow-worker.js';
import { createTrialSummary } from './trial-summary.js';

/** Interval at which this process learns the time of Redis, ms. */
const CLOCK_PERIOD_MS = 10_000;
/** Share of the shutdown time in which running comparisons may finish. */
const GRACE_SHARE = 0.6;

export interface ShadowOptions extends WorkerParts {
  readonly calibration: Calibration | null;
  readonly verification: VerificationRules;
  readonly resources: SharedResources;
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
  const health = await openHealthPort(options, {
    '/metrics': async () => [200, await metrics.render()],
    '/shadow': () => [200, summary.describe()],
  });
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
  // An API that erases a job says so where it also asks to stop a running one.
  await listenForCancels(options, worker.abort);
  shutdown.add('shadow', () =>
    isRedisReady(redis) ? worker.close(config.SHUTDOWN_TIMEOUT * 1_000 * GRACE_SHARE) : undefined,
  );
  health.setReady(true);
}
