import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { createRedisGauges, createRegistry } from '../../shared/runtime/metrics.js';
import { SHADOW_RESULTS } from '../../shared/shadow/shadow-job.js';
import type { OfferResult } from '../../shared/shadow/shadow-queue.js';
import { NOT_COMPARED, type ShadowVerdict } from './judge-shadow.js';
import type { Trial } from './trial-summary.js';

/** `failed`: Redis refused it. `expired`: it was queued, and waited too long. */
export type OfferEnd = OfferResult | 'failed' | 'expired';
const OFFER_ENDS: readonly OfferEnd[] = ['queued', 'full', 'photos', 'gone', 'failed', 'expired'];
/** Below and above, two packs differ in more than their scale. */
const DIFFERENCE_BUCKETS = [-0.4, -0.2, -0.1, -0.05, -0.02, -0.01, 0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4];
/** Of a similarity: the thresholds that an operator can choose between without another trial. */
const SIMILARITY_BUCKETS = Array.from({ length: 17 }, (_, index) => (index + 2) / 20);

/** What a live worker shows of shadow mode. */
export interface OfferMetrics {
  countOffer(result: OfferEnd, count?: number): void;
  /** undefined: not known, because Redis does not answer. */
  showWaiting(count: number | undefined): void;
}

export function createOfferMetrics(registry: Registry): OfferMetrics {
  const registers = [registry];
  const offers = new Counter({
    name: 'face_shadow_offers_total',
    help: 'Comparisons offered to the shadow: queued, or why they were dropped, also later',
    labelNames: ['result'],
    registers,
  });
  for (const result of OFFER_ENDS) offers.inc({ result }, 0);
  const waiting = new Gauge({
    name: 'face_shadow_waiting',
    help: 'Comparisons that wait for the shadow',
    registers,
  });
  return {
    countOffer: (result, count = 1) => offers.inc({ result }, count),
    showWaiting: (count) => (count === undefined ? waiting.remove() : waiting.set(count)),
  };
}

export interface ShadowMetricsSources {
  readonly trial: Trial;
  readonly canUseRedis: () => boolean;
  /** As `measureResponse`. */
  readonly measureRedis: () => Promise<number | undefined>;
}

/** The Prometheus metrics of a shadow worker. It has none of a live worker's, whose sums it must not change. */
export interface ShadowMetrics {
  observe(verdict: ShadowVerdict): void;
  countExpired(count: number): void;
  render(): Promise<string>;
}

export function createShadowMetrics({
  trial,
  canUseRedis,
  measureRedis,
}: ShadowMetricsSources): ShadowMetrics {
  const registry = createRegistry('shadow');
  const registers = [registry];
  const showRedis = createRedisGauges(registry);
  new Gauge({
    name: 'face_shadow_info',
    help: '1; the labels name the live pack, the shadow pack and SHADOW_THRESHOLD',
    labelNames: ['live', 'pack', 'threshold'],
    registers,
  }).set({ ...trial, threshold: String(trial.threshold ?? 'none') }, 1);
  const comparisons = new Counter({
    name: 'face_shadow_comparisons_total',
    help: 'Comparisons with both packs, by what each of them found',
    labelNames: ['live', 'shadow'],
    registers,
  });
  for (const live of SHADOW_RESULTS)
    for (const shadow of SHADOW_RESULTS) comparisons.inc({ live, shadow }, 0);
  const notCompared = new Counter({
    name: 'face_shadow_not_compared_total',
    help: 'Comparisons that the shadow could not repeat, by reason',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of NOT_COMPARED) notCompared.inc({ reason }, 0);
  const differences = new Histogram({
    name: 'face_shadow_similarity_difference',
    help: 'Similarity of a front with the shadow pack minus that with the live pack',
    buckets: DIFFERENCE_BUCKETS,
    registers,
  });
  const deciding = new Histogram({
    name: 'face_shadow_deciding_similarity',
    help: 'The similarity that decides with the shadow pack, by what the live pack found',
    labelNames: ['live'],
    buckets: SIMILARITY_BUCKETS,
    registers,
  });
  return {
    observe: (verdict) => {
      if (verdict.kind === 'not_compared') return notCompared.inc({ reason: verdict.reason });
      const { live, shadow } = verdict;
      comparisons.inc({ live, shadow });
      for (const difference of verdict.differences) differences.observe(difference);
      if (verdict.deciding !== undefined) deciding.observe({ live }, verdict.deciding);
    },
    countExpired: (count) => notCompared.inc({ reason: 'expired' }, count),
    render: async () => {
      showRedis({ isUp: canUseRedis(), responseSeconds: await measureRedis() });
      return registry.metrics();
    },
  };
}
