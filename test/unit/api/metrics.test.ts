import { describe, expect, it } from 'vitest';
import { type ApiMetricsSources, createApiMetrics } from '../../../src/api/metrics.js';

const SOURCES: ApiMetricsSources = {
  waitingCallers: () => 3,
  refusedUploads: () => 8,
  readQueueState: async () => ({
    workers: 2,
    jobsByState: { active: 1, ended: 5 },
    waitingByTenant: new Map([
      ['shop', 4],
      ['former', 1],
      ['older', 2],
    ]),
    oldestWaitingSeconds: 1.5,
    waitingWebhooks: 6,
    storedUploadBytes: 7_000,
  }),
  measureRedis: async () => 0.002,
  pack: 'lite',
  tenants: () => ['shop', 'bank'],
  reloads: () => ({ applied: 2, refused: 1, isStale: true }),
};
const REQUEST = { method: 'GET', durationMs: 2, tenant: undefined };

async function linesOf(
  metrics: ReturnType<typeof createApiMetrics>,
  name: string,
): Promise<readonly string[]> {
  const text = await metrics.render();
  return text.split('\n').filter((line) => line.startsWith(name));
}

describe('the metrics of the API', () => {
  it('name the tenants of the settings, and count the jobs of all others together', async () => {
    expect(await linesOf(createApiMetrics(SOURCES), 'face_queue_waiting_jobs')).toEqual([
      'face_queue_waiting_jobs{pack="lite",key="shop",service="api"} 4',
      'face_queue_waiting_jobs{pack="lite",key="bank",service="api"} 0',
      'face_queue_waiting_jobs{pack="lite",key="(others)",service="api"} 3',
    ]);
  });

  it('do not add up over several scrapes', async () => {
    const metrics = createApiMetrics(SOURCES);
    await metrics.render();

    expect(await linesOf(metrics, 'face_queue_waiting_jobs{pack="lite",key="(others)"')).toEqual([
      'face_queue_waiting_jobs{pack="lite",key="(others)",service="api"} 3',
    ]);
    expect(await linesOf(metrics, 'face_queue_oldest')).toEqual([
      'face_queue_oldest_job_seconds{pack="lite",service="api"} 1.5',
    ]);
  });

  it('count stored and refused uploads', async () => {
    const metrics = createApiMetrics(SOURCES);
    await metrics.render();

    expect(await linesOf(metrics, 'face_uploads')).toEqual([
      'face_uploads_refused_total{service="api"} 8',
      'face_uploads_stored_bytes{service="api"} 7000',
    ]);
  });

  it('say that Redis is unavailable and keep no figure of it', async () => {
    let isAway = false;
    const readQueueState = () => (isAway ? Promise.reject(new Error('away')) : SOURCES.readQueueState());
    const metrics = createApiMetrics({
      ...SOURCES,
      readQueueState,
      measureRedis: async () => (isAway ? undefined : 0.002),
    });
    expect(await linesOf(metrics, 'face_redis_response')).toEqual([
      'face_redis_response_seconds{service="api"} 0.002',
    ]);
    expect(await linesOf(metrics, 'face_webhooks_waiting')).toEqual([
      'face_webhooks_waiting{service="api"} 6',
    ]);
    expect(await linesOf(metrics, 'face_redis_up')).toEqual(['face_redis_up{service="api"} 1']);

    isAway = true;

    expect(await linesOf(metrics, 'face_redis_up')).toEqual(['face_redis_up{service="api"} 0']);
    for (const name of ['face_queue', 'face_workers', 'face_webhooks_waiting', 'face_redis_response'])
      expect(await linesOf(metrics, name), name).toEqual([]);
    expect(await linesOf(metrics, 'face_waiting_callers')).toEqual(['face_waiting_callers{service="api"} 3']);
  });

  it('leave out health checks, which are 503 while the service starts', async () => {
    const metrics = createApiMetrics(SOURCES);

    metrics.observeRequest({ ...REQUEST, route: '/health/ready', status: 503 });
    metrics.observeRequest({ ...REQUEST, route: '/health', status: 200 });
    metrics.observeRequest({ ...REQUEST, route: '/models', status: 200 });

    expect(await linesOf(metrics, 'face_http_requests_total')).toEqual([
      'face_http_requests_total{method="GET",route="/models",status="200",service="api"} 1',
    ]);
  });
});
