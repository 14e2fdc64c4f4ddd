import { describe, expect, it } from 'vitest';
import { type ErrorCode, VerificationError } from '../../../src/shared/errors.js';
import type { Reason } from '../../../src/shared/reasons.js';
import { failureOfError } from '../../../src/worker/comparison/job-error.js';
import { createWorkerMetrics, type WorkerMetricsSources } from '../../../src/worker/metrics.js';
import type { Verification } from '../../../src/worker/verification/verify-person.js';

const SOURCES: WorkerMetricsSources = {
  visionRestarts: () => 0,
  slowJobs: () => 0,
  canUseRedis: () => true,
  measureRedis: async () => 0.002,
  countShadowWaiting: async () => 4,
  visionProcesses: 3,
  reloads: () => ({ applied: 0, refused: 0, isStale: false }),
  model: { pack: 'lite', detector: 'aa', recogniser: 'bb' },
};
const FACTS = { sync: true, queuedMs: 30, durationMs: 400 };

describe('the metrics of a worker', () => {
  it('count comparisons by result, and duplicate photos by kind', async () => {
    const metrics = createWorkerMetrics({ ...SOURCES, visionRestarts: () => 2 });
    const duplicates: Verification['duplicates'] = [
      { first: 'front_image1', second: 'front_image2', kind: 'identical' },
      { first: 'front_image1', second: 'back_image', kind: 'near_identical' },
      { first: 'front_image2', second: 'back_image', kind: 'near_identical' },
    ];
    const matched = { ok: true, matched: true } as const;
    const verification: Verification = {
      outcome: matched,
      duplicates,
      photos: {},
      similarities: {},
      skipped: new Map([['front_image3', 'dropped']]),
      timingsMs: { decode: 30 },
    };

    metrics.observeComparison({ ...FACTS, outcome: matched, verification });
    metrics.observeComparison({ ...FACTS, outcome: { ok: true, matched: false } });

    const text = await metrics.render();
    for (const line of [
      'face_comparisons_total{result="matched",service="worker"} 1',
      'face_comparisons_total{result="not_matched",service="worker"} 1',
      'face_duplicate_images_total{kind="identical",service="worker"} 1',
      'face_duplicate_images_total{kind="near_identical",service="worker"} 2',
      'face_photos_skipped_total{reason="dropped",service="worker"} 1',
      'face_step_duration_seconds_sum{service="worker",step="decode"} 0.03',
      'face_vision_restarts{service="worker"} 2',
      'face_redis_up{service="worker"} 1',
      'face_redis_response_seconds{service="worker"} 0.002',
      'face_vision_processes{service="worker"} 3',
      'face_model_info{pack="lite",detector="aa",recogniser="bb",service="worker"} 1',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  it('count unusable photos by code and reason, with one label per class of HTTP statuses', async () => {
    const metrics = createWorkerMetrics(SOURCES);
    const refuse = (code: ErrorCode, reason?: Reason) =>
      ({ usable: false, error: new VerificationError(code, { reason }) }) as const;
    const photos = {
      front_image1: refuse('image_not_available', 'http_403'),
      front_image2: refuse('image_not_available', 'http_404'),
      front_image3: refuse('low_quality', 'blurred'),
      back_image: refuse('face_not_found'),
    };
    const outcome = failureOfError(new VerificationError('face_not_found'));

    metrics.observeComparison({
      ...FACTS,
      outcome,
      verification: { outcome, duplicates: [], photos, similarities: {}, skipped: new Map(), timingsMs: {} },
    });

    const text = await metrics.render();
    expect(text.split('\n').filter((line) => line.startsWith('face_unusable_images_total'))).toEqual([
      'face_unusable_images_total{code="image_not_available",reason="http_4xx",service="worker"} 2',
      'face_unusable_images_total{code="low_quality",reason="blurred",service="worker"} 1',
      'face_unusable_images_total{code="face_not_found",reason="none",service="worker"} 1',
    ]);
  });

  it('count comparisons without a decision by who has to act, code and reason', async () => {
    const metrics = createWorkerMetrics(SOURCES);
    const failures: readonly VerificationError[] = [
      new VerificationError('low_quality', { reason: 'blurred' }),
      new VerificationError('image_fetch_failed', { reason: 'http_503' }),
      new VerificationError('image_fetch_failed', { reason: 'http_502' }),
      new VerificationError('deadline_exceeded'),
    ];

    for (const error of failures) metrics.observeComparison({ ...FACTS, outcome: failureOfError(error) });

    const text = await metrics.render();
    expect(text.split('\n').filter((line) => /^face_comparison_failures_total.* [^0]/.test(line))).toEqual([
      'face_comparison_failures_total{fault="service",code="deadline_exceeded",reason="none",service="worker"} 1',
      'face_comparison_failures_total{fault="client",code="low_quality",reason="blurred",service="worker"} 1',
      'face_comparison_failures_total{fault="upstream",code="image_fetch_failed",reason="http_5xx",service="worker"} 2',
    ]);
  });

  it('count faults of the service from 0, so that Prometheus sees the first one as an increase', async () => {
    const text = await createWorkerMetrics(SOURCES).render();

    const faults = text.matchAll(/^face_comparison_failures_total\{fault="service",code="(\w+)".* 0$/gm);
    expect([...faults].map(([, code]) => code)).toEqual([
      'deadline_exceeded',
      'unsupported_job_version',
      'model_failure',
      'internal',
    ]);
  });
});
