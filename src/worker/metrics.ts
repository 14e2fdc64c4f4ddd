import { Counter, Gauge, Histogram } from 'prom-client';
import type { ReloadState } from '../shared/config/live-settings.js';
import { ERROR_CODES, ERROR_KINDS, type ErrorCode } from '../shared/errors.js';
import type { Reason } from '../shared/reasons.js';
import {
  createRedisGauges,
  createRegistry,
  createSettingMetrics,
  DURATION_BUCKETS_S,
} from '../shared/runtime/metrics.js';
import type { ComparisonFacts } from './comparison/report-comparison.js';
import { createOfferMetrics, type OfferMetrics } from './shadow/shadow-metrics.js';
import type { ModelIdentity } from './verification/create-evidence.js';
import type { DeliveryEvent } from './webhooks/attempt-delivery.js';

type WebhookResult = DeliveryEvent['result'];

/** Counted from 0, because Prometheus does not see the increase of a counter that begins at 1. */
const WEBHOOK_RESULTS: Readonly<Record<WebhookResult, 0>> = {
  delivered: 0,
  retry: 0,
  exhausted: 0,
  gone: 0,
  refused: 0,
  unreadable: 0,
};

/** How comparisons fail by a fault of the service. Counted from 0 too, because one in a hundred is too many. */
const SERVICE_FAULTS = ERROR_CODES.filter((code) => {
  const { fault, stage } = ERROR_KINDS[code];
  return fault === 'service' && (stage === 'comparison' || stage === 'service');
});

export interface WorkerMetrics {
  observeComparison(facts: ComparisonFacts): void;
  observeWebhook(result: WebhookResult): void;
  countStalled(): void;
  countAbandoned(): void;
  /** Counts a job that was put back because its tenant has used up its share of slow jobs. */
  countPostponed(): void;
  /** Counts a repair after a crash; `what` as in ReconcileDependencies. */
  countReconciled(what: string): void;
  /** Counts a look-up of a reference photo in the cache. */
  countReferenceLookup(result: 'hit' | 'miss'): void;
  countShadowOffer: OfferMetrics['countOffer'];
  render(): Promise<string>;
}

export interface WorkerMetricsSources {
  /** Vision processes replaced since the start. */
  readonly visionRestarts: () => number;
  /** Jobs that wait for slow image hosts now. */
  readonly slowJobs: () => number;
  readonly canUseRedis: () => boolean;
  /** As `measureResponse`. */
  readonly measureRedis: () => Promise<number | undefined>;
  /** Returns how many comparisons wait for the shadow; undefined if Redis does not say. */
  readonly countShadowWaiting: () => Promise<number | undefined>;
  readonly visionProcesses: number;
  readonly model: ModelIdentity;
  readonly reloads: () => ReloadState;
}

/** Returns the worker's Prometheus metrics. */
export function createWorkerMetrics(sources: WorkerMetricsSources): WorkerMetrics {
  const registry = createRegistry('worker');
  const registers = [registry];
  const counter = (name: string, help: string, label?: string) =>
    new Counter({ name, help, labelNames: label ? [label] : [], registers });
  const histogram = (name: string, help: string, label?: string) =>
    new Histogram({ name, help, labelNames: label ? [label] : [], buckets: DURATION_BUCKETS_S, registers });

  const comparisons = counter(
    'face_comparisons_total',
    'Comparisons ended: matched, not_matched or an error code',
    'result',
  );
  const failures = new Counter({
    name: 'face_comparison_failures_total',
    help: 'Comparisons that ended without a decision, by who has to act, error code and reason',
    labelNames: ['fault', 'code', 'reason'],
    registers,
  });
  for (const code of SERVICE_FAULTS) failures.inc({ fault: 'service', ...labelsOf({ code }) }, 0);
  createSettingMetrics(registry, sources.reloads);
  const showRedis = createRedisGauges(registry);
  const shadow = createOfferMetrics(registry);
  const durations = histogram(
    'face_comparison_duration_seconds',
    'Time from the start to the end of a comparison',
  );
  const queued = histogram(
    'face_queue_wait_seconds',
    'Time from the acceptance to the start of a comparison',
    'sync',
  );
  const steps = histogram(
    'face_step_duration_seconds',
    'Time of one step, summed over the analysed photos',
    'step',
  );
  const skipped = counter(
    'face_photos_skipped_total',
    'Photos that a decision did not wait for, by when it came: aborted (in the download), dropped (after it)',
    'reason',
  );
  const duplicates = counter(
    'face_duplicate_images_total',
    'Pairs of images that were the same photo',
    'kind',
  );
  const unusable = new Counter({
    name: 'face_unusable_images_total',
    help: 'Unusable photos by error code and reason',
    labelNames: ['code', 'reason'],
    registers,
  });
  const webhooks = counter('face_webhook_attempts_total', 'Webhook attempts by result', 'result');
  for (const result of Object.keys(WEBHOOK_RESULTS)) webhooks.inc({ result }, 0);
  const stalled = counter('face_jobs_stalled_total', 'Jobs that lost their worker and were queued again');
  const abandoned = counter(
    'face_jobs_abandoned_total',
    'Jobs given up because of repeated worker losses or a bug',
  );
  const postponed = counter(
    'face_jobs_postponed_total',
    'Jobs postponed because their tenant has used up its share of slow jobs',
  );
  const reconciled = counter(
    'face_reconciled_total',
    'Repairs after crashes; failed: steps that were skipped',
    'what',
  );
  reconciled.inc({ what: 'failed' }, 0);
  const references = counter('face_reference_lookups_total', 'Look-ups in the reference cache', 'result');
  new Gauge({
    name: 'face_vision_restarts',
    help: 'Vision processes replaced since the start',
    registers,
    collect() {
      this.set(sources.visionRestarts());
    },
  });
  new Gauge({
    name: 'face_slow_jobs',
    help: 'Jobs that wait for slow image hosts now',
    registers,
    collect() {
      this.set(sources.slowJobs());
    },
  });
  new Gauge({
    name: 'face_vision_processes',
    help: 'Vision processes of this worker',
    registers,
  }).set(sources.visionProcesses);
  new Gauge({
    name: 'face_model_info',
    help: '1; the labels name the models of this worker',
    labelNames: ['pack', 'detector', 'recogniser'],
    registers,
  }).set({ ...sources.model }, 1);

  return {
    observeComparison: ({ outcome, verification, sync, queuedMs, durationMs }) => {
      comparisons.inc({ result: outcome.ok ? (outcome.matched ? 'matched' : 'not_matched') : outcome.code });
      if (!outcome.ok) failures.inc({ fault: ERROR_KINDS[outcome.code].fault, ...labelsOf(outcome) });
      durations.observe(durationMs / 1_000);
      queued.observe({ sync: String(sync) }, queuedMs / 1_000);
      for (const reason of verification?.skipped.values() ?? []) skipped.inc({ reason });
      for (const { kind } of verification?.duplicates ?? []) duplicates.inc({ kind });
      for (const photo of Object.values(verification?.photos ?? {}))
        if (!photo.usable) unusable.inc(labelsOf(photo.error));
      for (const [step, ms] of Object.entries(verification?.timingsMs ?? {}))
        steps.observe({ step }, ms / 1_000);
    },
    observeWebhook: (result) => webhooks.inc({ result }),
    countStalled: () => stalled.inc(),
    countAbandoned: () => abandoned.inc(),
    countPostponed: () => postponed.inc(),
    countReconciled: (what) => reconciled.inc({ what }),
    countReferenceLookup: (result) => references.inc({ result }),
    countShadowOffer: shadow.countOffer,
    render: async () => {
      const [responseSeconds, waiting] = await Promise.all([
        sources.measureRedis(),
        sources.countShadowWaiting(),
      ]);
      showRedis({ isUp: sources.canUseRedis(), responseSeconds });
      shadow.showWaiting(waiting);
      return registry.metrics();
    },
  };
}

interface CodeAndReason {
  readonly code: ErrorCode;
  readonly reason?: Reason | undefined;
}

/** A host may respond with any status, so the label holds its class: `http_4xx`. */
function labelsOf({ code, reason }: CodeAndReason): {
  code: string;
  reason: string;
} {
  return { code, reason: reason?.replace(/^(http_\d)\d\d$/, '$1xx') ?? 'none' };
}
