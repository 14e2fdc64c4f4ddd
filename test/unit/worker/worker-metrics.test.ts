import { describe, expect, it } from 'vitest';
import type { Verification } from '../../../src/worker/verify-person.js';
import { createWorkerMetrics } from '../../../src/worker/worker-metrics.js';

const FACTS = { sync: true, queuedMs: 30, durationMs: 400 };

describe('the metrics of a worker', () => {
  it('count comparisons by how they ended, and photos that were one photo by how alike they were', async () => {
    const metrics = createWorkerMetrics({ visionRestarts: () => 2 });
    const duplicates: Verification['duplicates'] = [
      { first: 'front_image1', second: 'front_image2', kind: 'identical' },
      { first: 'front_image1', second: 'back_image', kind: 'near_identical' },
      { first: 'front_image2', second: 'back_image', kind: 'near_identical' },
    ];
    const matched = { ok: true, matched: true } as const;
    const verification = { outcome: matched, duplicates, judged: {} as Verification['judged'] };

    metrics.observeComparison({ ...FACTS, outcome: matched, verification });
    metrics.observeComparison({ ...FACTS, outcome: { ok: true, matched: false } });

    const text = await metrics.render();
    for (const line of [
      'face_comparisons_total{result="matched",service="worker"} 1',
      'face_comparisons_total{result="not_matched",service="worker"} 1',
      'face_duplicate_images_total{kind="identical",service="worker"} 1',
      'face_duplicate_images_total{kind="near_identical",service="worker"} 2',
      'face_vision_restarts{service="worker"} 2',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });
});
