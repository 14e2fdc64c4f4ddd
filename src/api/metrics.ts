import { Counter, Gauge, Histogram } from 'prom-client';
import { createRegistry, DURATION_BUCKETS_S } from '../shared/runtime/metrics.js';
import type { RequestFacts } from './middleware/request-log.js';

export interface ApiMetrics {
  observeRequest(facts: RequestFacts): void;
  render(): Promise<string>;
}

export interface ApiMetricsSources {
  readonly waitingCallers: () => number;
  readonly jobsByState: () => Promise<Readonly<Record<string, number>>>;
}

/** Returns the API's Prometheus metrics; gauges read `sources` on every scrape. */
export function createApiMetrics(sources: ApiMetricsSources): ApiMetrics {
  const registry = createRegistry('api');
  const registers = [registry];
  const requests = new Counter({
    name: 'face_http_requests_total',
    help: 'Requests answered, by route pattern and status',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'face_http_request_duration_seconds',
    help: 'Time until the answer was ready, by route pattern',
    labelNames: ['method', 'route'],
    buckets: DURATION_BUCKETS_S,
    registers,
  });
  const byKey = new Counter({
    name: 'face_requests_by_key_total',
    help: 'Requests of each API key, by outcome: served, refused, or limited by rate',
    labelNames: ['key', 'outcome'],
    registers,
  });
  new Gauge({
    name: 'face_waiting_callers',
    help: 'Callers that wait for an answer on an open connection',
    registers,
    collect() {
      this.set(sources.waitingCallers());
    },
  });
  new Gauge({
    name: 'face_queue_jobs',
    help: 'Jobs in the queue of this model pack, by state',
    labelNames: ['state'],
    registers,
    async collect() {
      // The other metrics must stay readable while Redis is unavailable.
      const counts = await sources.jobsByState().catch(() => ({}));
      this.reset();
      for (const [state, count] of Object.entries(counts)) this.set({ state }, count);
    },
  });
  return {
    observeRequest: ({ method, route, status, durationMs, tenant }) => {
      const outcome = status === 429 ? 'limited' : status < 400 ? 'served' : 'refused';
      if (tenant !== undefined) byKey.inc({ key: tenant, outcome });
      requests.inc({ method, route, status });
      durations.observe({ method, route }, durationMs / 1_000);
    },
    render: () => registry.metrics(),
  };
}
