import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ReloadState } from '../shared/config/live-settings.js';
import {
  createRedisGauges,
  createRegistry,
  createSettingMetrics,
  DURATION_BUCKETS_S,
} from '../shared/runtime/metrics.js';
import type { QueueState } from './capacity/read-queue-state.js';
import { isProbe, type RequestFacts } from './middleware/request-log.js';

export interface ApiMetrics {
  observeRequest(facts: RequestFacts): void;
  render(): Promise<string>;
}

export interface ApiMetricsSources {
  readonly waitingCallers: () => number;
  /** Uploads refused so far for lack of memory. */
  readonly refusedUploads: () => number;
  /** Rejects while Redis is unavailable. */
  readonly readQueueState: () => Promise<QueueState>;
  /** As `measureResponse`. */
  readonly measureRedis: () => Promise<number | undefined>;
  /** Name of the model pack whose queue is used. */
  readonly pack: string;
  /** Tenants that metrics can name; the others share one label. */
  readonly tenants: () => readonly string[];
  readonly reloads: () => ReloadState;
}

/** Label of tenants whose keys have been removed from the settings. */
const OTHER_TENANTS = '(others)';

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
  new Counter({
    name: 'face_uploads_refused_total',
    help: 'Requests refused because uploaded photos take too much memory, here or in Redis',
    registers,
    collect() {
      this.reset();
      this.inc(sources.refusedUploads());
    },
  });
  new Gauge({
    name: 'face_waiting_callers',
    help: 'Callers that wait for an answer on an open connection',
    registers,
    collect() {
      this.set(sources.waitingCallers());
    },
  });
  createSettingMetrics(registry, sources.reloads);
  const showRedis = createRedisGauges(registry);
  const showQueue = createQueueGauges(registry, sources);
  return {
    observeRequest: ({ method, route, status, durationMs, tenant }) => {
      // Probes would outnumber the requests of callers, and count as their failures while the service starts.
      if (isProbe(route)) return;
      const outcome = status === 429 ? 'limited' : status < 400 ? 'served' : 'refused';
      if (tenant !== undefined) byKey.inc({ key: tenant, outcome });
      requests.inc({ method, route, status });
      durations.observe({ method, route }, durationMs / 1_000);
    },
    render: async () => {
      // The other metrics must stay readable while Redis is unavailable.
      const [state, responseSeconds] = await Promise.all([
        sources.readQueueState().catch(() => undefined),
        sources.measureRedis(),
      ]);
      showRedis({ isUp: state !== undefined, responseSeconds });
      showQueue(state);
      return registry.metrics();
    },
  };
}

/** Returns the function that updates the gauges of the queue; without a state they are empty. */
function createQueueGauges(
  registry: Registry,
  { pack, tenants: readTenants }: ApiMetricsSources,
): (state: QueueState | undefined) => void {
  const gauge = (name: string, help: string, ...labels: string[]) =>
    new Gauge({ name, help, labelNames: ['pack', ...labels], registers: [registry] });
  const workers = gauge('face_workers', 'Workers that are alive, by model pack');
  const jobs = gauge('face_queue_jobs', 'Jobs in the queue of a model pack, by state', 'state');
  const waiting = gauge('face_queue_waiting_jobs', 'Jobs that wait for their first start, by API key', 'key');
  const oldest = gauge('face_queue_oldest_job_seconds', 'Age of the oldest job that waits; 0 if none');
  const webhooks = new Gauge({
    name: 'face_webhooks_waiting',
    help: 'Webhooks that wait for their delivery or for the next attempt',
    registers: [registry],
  });
  const uploads = new Gauge({
    name: 'face_uploads_stored_bytes',
    help: 'Uploaded photos in Redis, of all model packs',
    registers: [registry],
  });
  return (state) => {
    for (const each of [workers, jobs, waiting, oldest]) each.reset();
    webhooks.remove();
    uploads.remove();
    if (!state) return;
    webhooks.set(state.waitingWebhooks);
    uploads.set(state.storedUploadBytes);
    workers.set({ pack }, state.workers);
    oldest.set({ pack }, state.oldestWaitingSeconds);
    for (const [name, count] of Object.entries(state.jobsByState)) jobs.set({ pack, state: name }, count);
    const tenants = new Set(readTenants());
    for (const tenant of tenants) waiting.set({ pack, key: tenant }, 0);
    for (const [tenant, count] of state.waitingByTenant)
      waiting.inc({ pack, key: tenants.has(tenant) ? tenant : OTHER_TENANTS }, count);
  };
}
