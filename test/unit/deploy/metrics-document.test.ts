import { describe, expect, it } from 'vitest';
import { createApiMetrics } from '../../../src/api/metrics.js';
import { VerificationError } from '../../../src/shared/errors.js';
import { failureOfError } from '../../../src/worker/comparison/job-error.js';
import { createWorkerMetrics } from '../../../src/worker/metrics.js';
import { createShadowMetrics } from '../../../src/worker/shadow/shadow-metrics.js';
import { documentedMetrics, exportedMetrics } from '../../support/programs/documented-metrics.js';

/** The metrics of an API after one request; every metric has a sample, hence all its labels. */
function renderApi(): Promise<string> {
  const metrics = createApiMetrics({
    waitingCallers: () => 0,
    refusedUploads: () => 0,
    readQueueState: async () => ({
      workers: 1,
      jobsByState: { active: 1 },
      waitingByTenant: new Map([['shop', 1]]),
      oldestWaitingSeconds: 0,
      waitingWebhooks: 0,
      storedUploadBytes: 0,
    }),
    measureRedis: async () => 0.001,
    pack: 'lite',
    tenants: () => ['shop'],
    reloads: () => ({ applied: 1, refused: 0, isStale: false }),
  });
  metrics.observeRequest({ method: 'GET', route: '/jobs/:id', status: 200, durationMs: 1, tenant: 'shop' });
  return metrics.render();
}

/** The metrics of a worker after one of everything. */
function renderWorker(): Promise<string> {
  const metrics = createWorkerMetrics({
    visionRestarts: () => 0,
    slowJobs: () => 0,
    canUseRedis: () => true,
    measureRedis: async () => 0.001,
    countShadowWaiting: async () => 4,
    visionProcesses: 1,
    reloads: () => ({ applied: 1, refused: 0, isStale: false }),
    model: { pack: 'lite', detector: 'aa', recogniser: 'bb' },
  });
  const error = new VerificationError('face_not_found');
  const outcome = failureOfError(error);
  metrics.observeComparison({
    outcome,
    sync: true,
    queuedMs: 1,
    durationMs: 1,
    verification: {
      outcome,
      duplicates: [{ first: 'front_image1', second: 'front_image2', kind: 'identical' }],
      photos: { front_image1: { usable: false, error } },
      similarities: {},
      skipped: new Map([['front_image3', 'dropped']]),
      timingsMs: { decode: 1 },
    },
  });
  metrics.observeWebhook('delivered');
  metrics.countStalled();
  metrics.countAbandoned();
  metrics.countPostponed();
  metrics.countReconciled('failed');
  metrics.countReferenceLookup('hit');
  return metrics.render();
}

/** The metrics of a shadow worker after one of everything. */
function renderShadow(): Promise<string> {
  const metrics = createShadowMetrics({
    trial: { live: 'lite', pack: 'open', threshold: undefined },
    canUseRedis: () => true,
    measureRedis: async () => 0.001,
  });
  metrics.observe({
    kind: 'compared',
    live: 'matched',
    shadow: 'not_matched',
    differences: [0.1],
    deciding: 0.6,
  });
  return metrics.render();
}

describe('docs/metrics.md', () => {
  it.each([
    ['API', renderApi],
    ['Worker', renderWorker],
    ['Shadow worker', renderShadow],
  ] as const)('lists every metric of this process with its type and labels: %s', async (name, render) => {
    const exported = exportedMetrics(await render());

    expect(exported.length).toBeGreaterThan(5);
    expect(documentedMetrics(name)).toEqual(exported);
  });
});
