import { createFairQueue, type FairQueue } from '../shared/queue/fair-queue.js';
import { isRedisReady } from '../shared/redis/connect-redis.js';
import { signingSecrets } from '../shared/webhooks/webhook-secret.js';
import { type ComparisonWorker, createComparisonWorker } from './comparison/comparison-worker.js';
import type { FinishDependencies } from './comparison/finish-job.js';
import type { WorkerMetrics } from './metrics.js';
import { createHostResolver } from './net/dns/host-resolver.js';
import { createGuardedAgent } from './net/guarded-agent.js';
import type { IssueReceipt } from './receipts/receipt-issuer.js';
import type { ShadowOffers } from './shadow/shadow-offers.js';
import type { SharedResources } from './tenant-shares/job-steps.js';
import { startHeartbeat } from './upkeep/heartbeat.js';
import { listenForCancels } from './upkeep/listen-for-cancels.js';
import { openHealthPort } from './upkeep/open-health-port.js';
import { startReconciler } from './upkeep/reconcile.js';
import type { VerificationRules } from './verification/verify-person.js';
import { createWebhookWorker, type WebhookWorker } from './webhooks/webhook-worker.js';
import type { WorkerParts } from './worker-parts.js';

/** Time for DNS, TCP and TLS together, ms. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Share of the shutdown time in which running comparisons may finish. */
const GRACE_SHARE = 0.6;
/** Interval at which shutdown checks whether only Redis is missing, ms. */
const STRANDED_CHECK_MS = 100;

export interface ConsumerOptions extends WorkerParts {
  /** Wrong settings that were replaced by their defaults. */
  readonly settingWarnings: readonly string[];
  readonly finishing: FinishDependencies;
  readonly verification: VerificationRules;
  readonly issueReceipt: IssueReceipt | undefined;
  readonly shadow: ShadowOffers;
  readonly resources: SharedResources;
  readonly metrics: WorkerMetrics;
}

/** Opens the health port and starts everything that takes work: the reconciler, webhooks and comparisons. */
export async function startConsumers(options: ConsumerOptions): Promise<void> {
  const { config, redis, rights, finishing, metrics, shutdown } = options;
  const health = await openHealthPort(options, {
    '/health': () => [200, { status: 'ok', warnings: options.settingWarnings }],
    '/metrics': async () => [200, await metrics.render()],
  });
  // BullMQ would repeat refused commands.
  await rights.complete;
  const fairQueue = createFairQueue(redis, finishing.keys.prefix, finishing.keys.queueName);
  const reconciler = startReconciler({
    ...finishing,
    fairQueue,
    maxKeptResults: config.MAX_KEPT_RESULTS,
    retentionOf: (tenant) => options.readSettings().tenants?.get(tenant)?.retentionSeconds,
    count: metrics.countReconciled,
  });
  shutdown.add('reconciler', reconciler.stop);

  // Before the first job, because deadlines are times of Redis' clock.
  await finishing.clock.synchronise();
  const webhooks = startWebhooks(options);
  const comparisons = startComparisons(options, fairQueue);
  await listenForCancels(options, (jobId) => comparisons.abort(jobId, 'cancelled'));
  const graceMs = config.SHUTDOWN_TIMEOUT * 1_000 * GRACE_SHARE;
  shutdown.add('consumers', () => {
    const closed = Promise.all([comparisons.close(graceMs), webhooks.close(graceMs)]);
    return unlessStranded(closed, () => !isRedisReady(redis) && comparisons.isIdle() && webhooks.isIdle());
  });
  const heartbeat = await startHeartbeat({
    ...finishing,
    canWork: () => !rights.isMissing(),
    address: { host: config.WORKER_HOST, port: health.port },
  });
  // Last in, first out: the APIs learn that this worker leaves before it stops taking jobs.
  shutdown.add('heartbeat', heartbeat.stop);
  health.setReady(true);
  shutdown.add('readiness', () => health.setReady(false));
}

function startComparisons(options: ConsumerOptions, fairQueue: FairQueue): ComparisonWorker {
  const { config, finishing, metrics } = options;
  return createComparisonWorker({
    ...finishing,
    verification: options.verification,
    issueReceipt: options.issueReceipt,
    shadow: options.shadow,
    resources: options.resources,
    fairQueue,
    concurrency: config.WORKER_CONCURRENCY,
    logUserId: config.LOG_USER_ID,
    observe: metrics.observeComparison,
    onPostponed: metrics.countPostponed,
    onStalled: metrics.countStalled,
    onAbandoned: metrics.countAbandoned,
  });
}

/** Receivers refuse a webhook whose timestamp is minutes off, so timestamps come from Redis' clock, as deadlines do. */
function startWebhooks(options: ConsumerOptions): WebhookWorker {
  const { config, readSettings, logger, redis, finishing, metrics } = options;
  const policy = config.addressPolicy;
  const timeoutMs = config.WEBHOOK_TIMEOUT * 1_000;
  const connectTimeoutMs = Math.min(CONNECT_TIMEOUT_MS, timeoutMs);
  const lookup = createHostResolver({ servers: config.DNS_SERVERS });
  return createWebhookWorker({
    connection: redis,
    prefix: finishing.keys.prefix,
    webhooks: finishing.webhooks,
    delivery: { policy, timeoutMs, now: finishing.clock.now },
    openAgent: (onAddresses) => createGuardedAgent(policy, { connectTimeoutMs, lookup, onAddresses }),
    secretsOf: (tenant) => signingSecrets(tenant, readSettings(), finishing.clock.now()),
    concurrency: config.WEBHOOK_CONCURRENCY,
    concurrencyPerHost: config.WEBHOOK_CONCURRENCY_PER_HOST,
    logger,
    onDelivery: ({ result }) => metrics.observeWebhook(result),
  });
}

/**
 * Resolves with `closed`, or earlier once `isStranded` returns true: while Redis is unavailable BullMQ's own close waits
 * for it, and if nothing runs there is nothing else to wait for.
 */
async function unlessStranded(closed: Promise<unknown>, isStranded: () => boolean): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const stranded = new Promise<void>((resolve) => {
    timer = setInterval(() => isStranded() && resolve(), STRANDED_CHECK_MS);
  });
  await Promise.race([closed, stranded]).finally(() => clearInterval(timer));
}
